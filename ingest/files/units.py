"""Conversion from the unit in a file to the unit that is stored: value * factor + offset."""

from dataclasses import dataclass

from gemba.errors import InputError

# How people write units -> UCUM, the spelling of ref.sensors.unit.
_SPELLINGS = {
    "degF": "[degF]", "°F": "[degF]", "F": "[degF]", "degC": "Cel", "°C": "Cel", "C": "Cel",
    "psi": "[psi]", "in": "[in_i]", "inch": "[in_i]", "in/s": "[in_i]/s", "gpm": "[gal_us]/min",
    "l/min": "L/min", "m³/h": "m3/h", "hp": "[HP]", "rpm": "/min", "g_n": "[g]", "lbf.ft": "[lbf_av].[ft_i]",
}  # fmt: skip

# unit -> (base unit, factor, offset): base value = value * factor + offset. Factors are exact by definition.
_TO_BASE: dict[str, tuple[str, float, float]] = {
    "Cel": ("K", 1.0, 273.15), "[degF]": ("K", 5 / 9, 459.67 * 5 / 9), "K": ("K", 1.0, 0.0),
    "Pa": ("Pa", 1.0, 0.0), "kPa": ("Pa", 1e3, 0.0), "MPa": ("Pa", 1e6, 0.0), "mbar": ("Pa", 100.0, 0.0),
    "bar": ("Pa", 1e5, 0.0), "[psi]": ("Pa", 6894.757293168361, 0.0), "atm": ("Pa", 101325.0, 0.0),
    "mm": ("m", 1e-3, 0.0), "um": ("m", 1e-6, 0.0), "cm": ("m", 1e-2, 0.0), "m": ("m", 1.0, 0.0),
    "[in_i]": ("m", 0.0254, 0.0),
    "mm/s": ("m/s", 1e-3, 0.0), "m/s": ("m/s", 1.0, 0.0),
    "[in_i]/s": ("m/s", 0.0254, 0.0), "m/min": ("m/s", 1 / 60, 0.0),
    "m/s2": ("m/s2", 1.0, 0.0), "[g]": ("m/s2", 9.80665, 0.0),
    "L/min": ("m3/s", 1e-3 / 60, 0.0), "L/s": ("m3/s", 1e-3, 0.0), "m3/h": ("m3/s", 1 / 3600, 0.0),
    "[gal_us]/min": ("m3/s", 3.785411784e-3 / 60, 0.0),
    "A": ("A", 1.0, 0.0), "mA": ("A", 1e-3, 0.0), "kA": ("A", 1e3, 0.0),
    "V": ("V", 1.0, 0.0), "mV": ("V", 1e-3, 0.0), "kV": ("V", 1e3, 0.0),
    "W": ("W", 1.0, 0.0), "kW": ("W", 1e3, 0.0), "MW": ("W", 1e6, 0.0), "[HP]": ("W", 745.6998715822702, 0.0),
    "Wh": ("J", 3600.0, 0.0), "kWh": ("J", 3.6e6, 0.0), "MWh": ("J", 3.6e9, 0.0), "J": ("J", 1.0, 0.0),
    "MJ": ("J", 1e6, 0.0),
    "Hz": ("Hz", 1.0, 0.0), "/min": ("Hz", 1 / 60, 0.0),
    "N.m": ("N.m", 1.0, 0.0), "[lbf_av].[ft_i]": ("N.m", 1.3558179483314004, 0.0),
    "kg": ("kg", 1.0, 0.0), "g": ("kg", 1e-3, 0.0), "t": ("kg", 1e3, 0.0),
    "s": ("s", 1.0, 0.0), "ms": ("s", 1e-3, 0.0), "min": ("s", 60.0, 0.0), "h": ("s", 3600.0, 0.0),
    "1": ("1", 1.0, 0.0), "%": ("1", 1e-2, 0.0),
}  # fmt: skip


@dataclass(frozen=True)
class Conversion:
    """stored = value * factor + offset."""

    factor: float = 1.0
    offset: float = 0.0

    @property
    def is_identity(self) -> bool:
        return self.factor == 1.0 and self.offset == 0.0


def spelled(unit: str) -> str:
    """The UCUM spelling of a unit, the unit itself where none is known."""
    return _SPELLINGS.get(unit.strip(), unit.strip())


def conversion(source: str, stored: str) -> Conversion:
    """How to turn a value in `source` into one in `stored`; units that are spelled alike need no table.

    Raises InputError when the two measure different things or one is not known.
    """
    source, stored = spelled(source), spelled(stored)
    if source == stored:
        return Conversion()
    if source not in _TO_BASE or stored not in _TO_BASE or _TO_BASE[source][0] != _TO_BASE[stored][0]:
        raise InputError(
            f"Nothing is known of turning {source!r} into {stored!r}",
            "check the units, or store the unit of the file: give the sensor that unit",
        )
    _, source_factor, source_offset = _TO_BASE[source]
    _, stored_factor, stored_offset = _TO_BASE[stored]
    return Conversion(source_factor / stored_factor, (source_offset - stored_offset) / stored_factor)
