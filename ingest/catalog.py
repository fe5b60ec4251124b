"""The codes that messages use, resolved to the keys of ref.*: a snapshot in memory."""

import time
from dataclasses import dataclass, field

import psycopg


@dataclass(frozen=True)
class Catalog:
    """machines: (site, area, line, machine) codes -> machine_id. sensors: machine_id -> tag -> sensor_id."""

    machines: dict[tuple[str, str, str, str], int] = field(default_factory=dict)
    sensors: dict[int, dict[str, int]] = field(default_factory=dict)
    states: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    defects: frozenset[str] = frozenset()
    products: dict[str, int] = field(default_factory=dict)
    loaded_at: float = 0.0

    @property
    def age_s(self) -> float:
        """Seconds since it was read from the database."""
        return time.monotonic() - self.loaded_at


def load_catalog(conn: psycopg.Connection) -> Catalog:
    """Read the whole catalog; some milliseconds for thousands of sensors."""
    with conn.transaction():
        machines = {
            (site, area, line, machine): machine_id
            for site, area, line, machine, machine_id in conn.execute(
                "SELECT site_code, area_code, line_code, machine_code, machine_id FROM ref.machines"
                " JOIN ref.lines USING (line_id) JOIN ref.areas USING (area_id) JOIN ref.sites USING (site_id)"
            )
        }
        sensors: dict[int, dict[str, int]] = {}
        for machine_id, tag, sensor_id in conn.execute("SELECT machine_id, tag, sensor_id FROM ref.sensors"):
            sensors.setdefault(machine_id, {})[tag] = sensor_id
        states = frozenset(code for (code,) in conn.execute("SELECT state_code FROM ref.machine_states"))
        reasons = frozenset(code for (code,) in conn.execute("SELECT reason_code FROM ref.reason_codes"))
        defects = frozenset(code for (code,) in conn.execute("SELECT defect_code FROM ref.defect_codes"))
        products = dict(conn.execute("SELECT product_code, product_id FROM ref.products").fetchall())
    return Catalog(machines, sensors, states, reasons, defects, products, time.monotonic())
