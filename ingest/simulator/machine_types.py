"""The kinds of machine a plant is made of: cycle times, power, and what is measured on them.

Figures are round numbers of the right order of magnitude, chosen so that a chart of them looks like a plant.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class SensorSpec:
    """One measuring point. Values are in `unit`; tau_s: time constant with which it follows its machine."""

    tag: str
    kind: str
    unit: str
    running: float
    stopped: float
    noise: float
    tau_s: float
    ambient: float = 0.0  # share of the hall's temperature swing that reaches it
    low: tuple[float, float] | None = None  # (warning, critical)
    high: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        return self.tag.replace("_", " ").capitalize()

    @property
    def span(self) -> float:
        """Width of the range it normally moves in, in its unit."""
        return max(abs(self.running - self.stopped), 0.2 * abs(self.running), 1e-6)


def temperature(tag: str, running: float, stopped: float = 34.0, tau_s: float = 1200.0) -> SensorSpec:
    return SensorSpec(tag, "temperature", "Cel", running, stopped, 0.25, tau_s, 0.6, high=(running + 10, running + 20))


def vibration(tag: str, running: float) -> SensorSpec:
    return SensorSpec(tag, "vibration", "mm/s", running, 0.12, 0.05 * running, 8.0, high=(1.8 * running, 2.8 * running))


def current(tag: str, running: float) -> SensorSpec:
    return SensorSpec(
        tag, "current", "A", running, 0.06 * running, 0.015 * running, 5.0, high=(1.15 * running, 1.3 * running)
    )


def voltage(tag: str, nominal: float = 400.0) -> SensorSpec:
    return SensorSpec(
        tag,
        "voltage",
        "V",
        nominal,
        1.01 * nominal,
        0.006 * nominal,
        5.0,
        low=(0.93 * nominal, 0.88 * nominal),
        high=(1.07 * nominal, 1.12 * nominal),
    )


def pressure(tag: str, running: float, stopped_share: float = 0.97) -> SensorSpec:
    return SensorSpec(
        tag,
        "pressure",
        "bar",
        running,
        stopped_share * running,
        0.01 * running,
        30.0,
        low=(0.85 * running, 0.7 * running) if stopped_share > 0.9 else None,
        high=(1.12 * running, 1.25 * running),
    )


def flow(tag: str, running: float, stopped_share: float = 0.9) -> SensorSpec:
    return SensorSpec(
        tag,
        "flow",
        "L/min",
        running,
        stopped_share * running,
        0.015 * running,
        20.0,
        low=(0.75 * running, 0.55 * running) if stopped_share > 0.8 else None,
        high=(1.3 * running, 1.6 * running),
    )


def speed(tag: str, running: float) -> SensorSpec:
    return SensorSpec(tag, "speed", "/min", running, 0.0, 0.008 * running, 6.0, high=(1.1 * running, 1.2 * running))


def torque(tag: str, running: float) -> SensorSpec:
    return SensorSpec(tag, "torque", "N.m", running, 0.0, 0.02 * running, 6.0, high=(1.2 * running, 1.35 * running))


def displacement(tag: str, running: float) -> SensorSpec:
    return SensorSpec(
        tag, "displacement", "mm", running, running, 0.06 * running, 5.0, high=(2.0 * running, 3.5 * running)
    )


def level(tag: str, running: float) -> SensorSpec:
    return SensorSpec(tag, "level", "%", running, running, 0.6, 300.0, low=(0.5 * running, 0.3 * running))


def humidity(tag: str = "hall_humidity", running: float = 62.0) -> SensorSpec:
    return SensorSpec(tag, "humidity", "%", running, running, 0.5, 1800.0, -0.8, high=(85.0, 95.0))


def duty(tag: str, running: float) -> SensorSpec:
    return SensorSpec(tag, "other", "%", running, 0.5 * running, 1.0, 60.0, high=(1.5 * running, 1.9 * running))


@dataclass(frozen=True)
class MachineType:
    """ideal_cycle_s: seconds per cycle, which finishes parts_per_cycle parts. Eight sensors, the last optional."""

    code: str
    name: str
    ideal_cycle_s: float
    power_kw: float
    manufacturer: str
    model: str
    sensors: tuple[SensorSpec, ...]
    parts_per_cycle: int = 1

    @property
    def ideal_s_per_part(self) -> float:
        return self.ideal_cycle_s / self.parts_per_cycle


def _types() -> dict[str, MachineType]:
    types = [
        MachineType(
            "mixer",
            "Internal mixer",
            180,
            850,
            "HF Mixing",
            "IM 320E",
            (
                temperature("bearing_temp", 62),
                vibration("bearing_vibration", 2.2),
                current("motor_current", 940),
                voltage("motor_voltage", 690),
                temperature("chamber_temp", 138),
                pressure("ram_pressure", 6.5),
                torque("rotor_torque", 5200),
                speed("rotor_speed", 45),
            ),
        ),
        MachineType(
            "extruder",
            "Tread extruder",
            9,
            310,
            "Troester",
            "QSM 200",
            (
                temperature("motor_temp", 74),
                vibration("gearbox_vibration", 1.8),
                current("motor_current", 410),
                voltage("motor_voltage", 400),
                temperature("die_temp", 112),
                flow("cooling_water_flow", 85),
                pressure("head_pressure", 110, 0.15),
                speed("screw_speed", 38),
            ),
        ),
        MachineType(
            "calender",
            "Four-roll calender",
            14,
            420,
            "Berstorff",
            "RK 4-650",
            (
                temperature("bearing_temp", 66),
                vibration("roll_vibration", 1.5),
                current("motor_current", 520),
                voltage("motor_voltage", 690),
                temperature("roll_temp", 84),
                displacement("gauge_deviation", 0.04),
                speed("roll_speed", 22),
                humidity(),
            ),
        ),
        MachineType(
            "building",
            "Tyre building machine",
            45,
            38,
            "VMI",
            "MAXX",
            (
                displacement("drum_position_error", 0.05),
                vibration("cutter_vibration", 1.1),
                current("drive_current", 46),
                pressure("air_pressure", 6.8),
                duty("compressor_duty", 42),
                temperature("drive_temp", 52),
                speed("drum_speed", 140),
                humidity(),
            ),
        ),
        MachineType(
            "curing_press",
            "Curing press",
            720,
            24,
            "HF TireTech",
            "BOM 46",
            (
                pressure("hydraulic_pressure", 165),
                flow("hydraulic_flow", 64),
                temperature("oil_temp", 51),
                temperature("platen_temp", 172, 150),
                temperature("mould_temp", 168, 148),
                pressure("steam_pressure", 15.5),
                current("pump_current", 38),
                level("oil_level", 78),
            ),
            parts_per_cycle=2,
        ),
        MachineType(
            "inspection",
            "Tyre uniformity tester",
            30,
            16,
            "Micro-Poise",
            "TGIS",
            (
                displacement("runout", 0.35),
                vibration("spindle_vibration", 0.7),
                pressure("air_pressure", 6.2),
                duty("compressor_duty", 38),
                current("spindle_current", 22),
                temperature("spindle_temp", 46),
                speed("spindle_speed", 60),
                humidity(),
            ),
        ),
        MachineType(
            "cnc",
            "Machining centre",
            95,
            42,
            "DMG Mori",
            "NHX 5000",
            (
                vibration("spindle_vibration", 1.6),
                current("spindle_current", 58),
                temperature("spindle_temp", 54),
                flow("coolant_flow", 46),
                temperature("coolant_temp", 27, 25),
                speed("spindle_speed", 4200),
                torque("spindle_torque", 82),
                level("coolant_level", 82),
            ),
        ),
        MachineType(
            "grinding",
            "Cylindrical grinder",
            64,
            30,
            "Studer",
            "S41",
            (
                vibration("wheel_vibration", 1.2),
                temperature("bearing_temp", 48),
                current("wheel_current", 36),
                flow("coolant_flow", 58),
                temperature("coolant_temp", 26, 24),
                speed("wheel_speed", 1650),
                displacement("size_deviation", 0.006),
                level("coolant_level", 76),
            ),
        ),
        MachineType(
            "press",
            "Hydraulic press",
            12,
            160,
            "Schuler",
            "MH 800",
            (
                pressure("hydraulic_pressure", 240),
                flow("hydraulic_flow", 210),
                temperature("oil_temp", 49),
                vibration("frame_vibration", 2.6),
                current("pump_current", 190),
                temperature("motor_temp", 68),
                displacement("ram_position_error", 0.08),
                level("oil_level", 80),
            ),
        ),
        MachineType(
            "welder",
            "Spot welder",
            18,
            75,
            "ARO",
            "3G",
            (
                current("welding_current", 9400),
                voltage("welding_voltage", 8.2),
                temperature("transformer_temp", 58),
                flow("cooling_water_flow", 12),
                pressure("gun_pressure", 5.4),
                displacement("electrode_wear", 0.3),
                current("mains_current", 96),
                humidity(),
            ),
        ),
        MachineType(
            "robot",
            "Handling robot",
            22,
            9,
            "KUKA",
            "KR 210",
            (
                displacement("repeatability_error", 0.06),
                temperature("axis2_motor_temp", 51),
                current("axis2_current", 14),
                vibration("wrist_vibration", 0.6),
                pressure("gripper_pressure", 6.0),
                torque("axis2_torque", 310),
                voltage("supply_voltage", 400),
                speed("axis2_speed", 18),
            ),
        ),
        MachineType(
            "assembly",
            "Assembly station",
            38,
            12,
            "Bosch Rexroth",
            "TS 5",
            (
                pressure("air_pressure", 6.4),
                duty("compressor_duty", 40),
                torque("screw_torque", 24),
                displacement("seat_depth_error", 0.03),
                current("drive_current", 9),
                voltage("supply_voltage", 400),
                temperature("drive_temp", 44),
                humidity(),
            ),
        ),
        MachineType(
            "painting",
            "Paint booth",
            55,
            66,
            "Durr",
            "EcoBell3",
            (
                pressure("atomizer_pressure", 4.6),
                flow("paint_flow", 0.42),
                duty("compressor_duty", 48),
                temperature("booth_temp", 24, 24),
                temperature("oven_temp", 142, 120),
                humidity("booth_humidity", 58),
                voltage("bell_voltage", 62),
                current("fan_current", 88),
            ),
        ),
        MachineType(
            "test",
            "End-of-line tester",
            26,
            14,
            "Kistler",
            "maXYmos",
            (
                pressure("test_pressure", 5.8),
                duty("compressor_duty", 36),
                displacement("stroke_error", 0.02),
                voltage("supply_voltage", 24),
                current("supply_current", 6),
                temperature("cabinet_temp", 38),
                vibration("fixture_vibration", 0.5),
                humidity(),
            ),
        ),
    ]
    return {machine_type.code: machine_type for machine_type in types}


TYPES = _types()
