"""Master data of the two plants, `small` and `reference`, without a database: what stands where and what it makes."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from zlib import crc32

from gemba.errors import InputError
from ingest.simulator.machine_types import TYPES, MachineType, SensorSpec

SCALES = ("small", "reference")


@dataclass(frozen=True)
class ShiftPattern:
    """A recurring shift: local hours, ISO weekdays, breaks as (seconds after the start, seconds)."""

    code: str
    name: str
    start_hour: int
    end_hour: int
    weekdays: tuple[int, ...]
    breaks: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Site:
    code: str
    name: str
    country_code: str
    time_zone: str
    currency_code: str
    day_start_hour: int
    mean_temperature_c: float
    shifts: tuple[ShiftPattern, ...]


@dataclass(frozen=True)
class Product:
    """cycle_factor scales the cycle times of every machine that makes it."""

    code: str
    name: str
    family: str
    cycle_factor: float
    customer_code: str | None


@dataclass(frozen=True)
class Machine:
    """A machine and where it stands. `key` seeds its random streams; it depends on its code alone."""

    code: str
    name: str
    type: MachineType
    site: Site
    area_code: str
    area_name: str
    line_code: str
    line_name: str
    position: int
    sensors: tuple[SensorSpec, ...]
    products: tuple[Product, ...]
    installation_date: date

    @property
    def key(self) -> int:
        return crc32(self.code.encode())

    @property
    def topic(self) -> str:
        """MQTT topic without the kind."""
        return f"gemba/v1/{self.site.code}/{self.area_code}/{self.line_code}/{self.code}"

    def ideal_cycle_s(self, product: Product) -> float:
        """Planned run time per item (ISO 22400 PRI) in seconds per part."""
        return round(self.type.ideal_s_per_part * product.cycle_factor * (0.96 + 0.01 * (self.key % 9)), 2)


@dataclass(frozen=True)
class Employee:
    code: str
    name: str
    site_code: str
    job_title: str
    hire_date: date
    skills: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Plant:
    scale: str
    sites: tuple[Site, ...]
    machines: tuple[Machine, ...]
    products: tuple[Product, ...]
    customers: tuple[tuple[str, str, str], ...]
    employees: tuple[Employee, ...]

    @property
    def sensor_count(self) -> int:
        return sum(len(machine.sensors) for machine in self.machines)

    def machine(self, code: str) -> Machine:
        return next(machine for machine in self.machines if machine.code == code)


SKILLS = (
    ("MECH", "Mechanics"),
    ("ELEC", "Electrics"),
    ("HYDR", "Hydraulics and pneumatics"),
    ("CTRL", "Controls and sensors"),
    ("TOOL", "Tools, dies and moulds"),
    ("ROBOT", "Robots"),
    ("WELD", "Welding"),
    ("MEAS", "Measurement and calibration"),
)

_WEEK = (1, 2, 3, 4, 5, 6, 7)
_BREAKS = ((8100, 900), (16200, 1800), (23400, 600))  # after 2 h 15 min, 4 h 30 min, 6 h 30 min
_WEEKEND_BREAKS = ((7200, 900), (14400, 2700), (22500, 900))


def _three_shifts(
    first_hour: int, weekdays: tuple[int, ...], prefix: str, name: str, breaks: tuple
) -> tuple[ShiftPattern, ...]:
    hours = [(first_hour + 8 * i) % 24 for i in range(4)]
    return tuple(
        ShiftPattern(prefix + letter, f"{name} {label}".strip(), hours[i], hours[i + 1], weekdays, breaks)
        for i, (letter, label) in enumerate((("A", "Early"), ("B", "Late"), ("C", "Night")))
    )


def _six_shifts(first_hour: int, weekend: tuple[int, ...]) -> tuple[ShiftPattern, ...]:
    return _three_shifts(first_hour, (1, 2, 3, 4, 5), "", "", _BREAKS) + _three_shifts(
        first_hour, weekend, "W", "Weekend", _WEEKEND_BREAKS
    )


_GIVEN = (
    "Aung",
    "Thida",
    "Min",
    "Su",
    "Zaw",
    "Hla",
    "Anna",
    "Jonas",
    "Lena",
    "Paul",
    "Maria",
    "James",
    "Emma",
    "Luis",
    "Priya",
    "Ravi",
    "Asha",
    "Vikram",
    "Neha",
    "Arjun",
    "Khin",
    "Kyaw",
    "Nora",
    "Felix",
)
_FAMILY = (
    "Htun",
    "Win",
    "Lwin",
    "Oo",
    "Schulz",
    "Weber",
    "Becker",
    "Koch",
    "Miller",
    "Garcia",
    "Johnson",
    "Brown",
    "Patil",
    "Kulkarni",
    "Joshi",
    "Deshmukh",
    "Naing",
    "Soe",
    "Wolf",
    "Davis",
    "Shah",
    "Rao",
    "Myint",
)


def _employees(sites: tuple[Site, ...], total: int) -> tuple[Employee, ...]:
    people = []
    for site_index, site in enumerate(sites):
        count = total // len(sites) + (site_index < total % len(sites))
        for i in range(count):
            key = crc32(f"{site.code}-{i}".encode())
            # 1 in 20 is a technician, 1 in 25 an inspector, 1 in 40 a shift leader; the first ones always are
            title = (
                "technician"
                if i % 20 in (0,)
                else "inspector"
                if i % 25 == 1
                else "shift leader"
                if i % 40 == 2
                else "operator"
            )
            skills: tuple[tuple[str, int], ...] = ()
            if title == "technician":
                first = i // 20 % len(SKILLS)  # so that every skill is held somewhere on every site
                picks = {first, (first + 1 + key % 5) % len(SKILLS)}
                skills = tuple((SKILLS[pick][0], 1 + (key + pick) % 5) for pick in sorted(picks))
            name = f"{_GIVEN[key % len(_GIVEN)]} {_FAMILY[key // 64 % len(_FAMILY)]}"
            hired = date(2004, 1, 1) + timedelta(days=key // 7 % 7900)
            people.append(Employee(f"{site.code}-{i + 1:05d}".upper(), name, site.code, title, hired, skills))
    return tuple(people)


def _machine(
    site: Site,
    area: tuple[str, str],
    line: tuple[str, str],
    position: int,
    type_code: str,
    number: int,
    products: tuple[Product, ...],
    has_all_sensors: bool,
) -> Machine:
    machine_type = TYPES[type_code]
    code = f"{site.code}-{type_code.replace('_', '-')}-{number:02d}"
    sensors = machine_type.sensors if has_all_sensors else machine_type.sensors[:-1]
    installed = date(2009, 1, 1) + timedelta(days=crc32(code.encode()) % 5600)
    name = f"{machine_type.name} {number}"
    return Machine(code, name, machine_type, site, *area, *line, position, sensors, products, installed)


_TYRES = (
    ("T-175-65R14", "Tyre 175/65 R14", 0.90),
    ("T-195-65R15", "Tyre 195/65 R15", 1.00),
    ("T-205-55R16", "Tyre 205/55 R16", 1.03),
    ("T-225-45R17", "Tyre 225/45 R17", 1.08),
    ("T-265-65R17", "Tyre 265/65 R17", 1.20),
    ("T-1000R20", "Truck tyre 10.00 R20", 1.45),
)
_CUSTOMERS = (
    ("CU-01", "Irrawaddy Motors", "MM"),
    ("CU-02", "Golden Land Trucks", "MM"),
    ("CU-03", "Siam Wheel Trading", "TH"),
    ("CU-04", "Mekong Fleet", "VN"),
    ("CU-05", "Havel Fahrzeugbau", "DE"),
    ("CU-06", "Nordlicht Maschinen", "DE"),
    ("CU-07", "Prairie Equipment", "US"),
    ("CU-08", "Lakeside Trailers", "US"),
    ("CU-09", "Deccan Auto", "IN"),
    ("CU-10", "Sahyadri Pumps", "IN"),
)


def _products(rows: tuple, family: str, customers: tuple) -> tuple[Product, ...]:
    return tuple(
        Product(
            code,
            name,
            family,
            factor,
            customers[i % (len(customers) + 1)][0] if i % (len(customers) + 1) < len(customers) else None,
        )
        for i, (code, name, factor) in enumerate(rows)
    )


def _yangon(shifts: tuple[ShiftPattern, ...]) -> Site:
    return Site("ygn", "Yangon tyre works", "MM", "Asia/Yangon", "MMK", 6, 29.0, shifts)


def _small() -> Plant:
    site = _yangon(_three_shifts(6, _WEEK, "", "", _BREAKS))
    products = _products(_TYRES, "tyre", _CUSTOMERS[:4])
    layout = (
        ("prep", "Preparation", "prep-1", "Mixing and extrusion", ("mixer", "mixer", "extruder", "calender")),
        ("build", "Building", "build-1", "Tyre building", ("building",) * 4),
        (
            "cure",
            "Curing and inspection",
            "cure-1",
            "Curing",
            ("curing_press", "curing_press", "curing_press", "inspection"),
        ),
    )
    machines = []
    for area, area_name, line, line_name, types in layout:
        for i, type_code in enumerate(types):
            number = types[: i + 1].count(type_code)
            machines.append(
                _machine(site, (area, area_name), (line, line_name), i + 1, type_code, number, products, i % 2 == 0)
            )
    return Plant("small", (site,), tuple(machines), products, _CUSTOMERS[:4], _employees((site,), 120))


def _reference() -> Plant:
    sites = (
        _yangon(_six_shifts(6, (6, 7))),
        Site("ber", "Berlin drive parts", "DE", "Europe/Berlin", "EUR", 6, 19.0, _six_shifts(6, (6, 7))),
        # closed from Sunday morning to Monday morning: somebody must not work around the clock
        Site("chi", "Chicago body works", "US", "America/Chicago", "USD", 7, 20.0, _six_shifts(7, (6,))),
        Site("pnq", "Pune pumps", "IN", "Asia/Kolkata", "INR", 6, 27.0, _six_shifts(6, (6, 7))),
    )
    families = (
        _products(_TYRES[:5], "tyre", _CUSTOMERS[:4]),
        _products(
            (
                ("D-SHAFT-1", "Drive shaft 1", 0.9),
                ("D-SHAFT-2", "Drive shaft 2", 1.0),
                ("D-HUB", "Wheel hub", 1.1),
                ("D-GEAR", "Gear wheel", 1.15),
                ("D-FLANGE", "Flange", 0.85),
            ),
            "drive part",
            _CUSTOMERS[4:6],
        ),
        _products(
            (
                ("B-DOOR-L", "Door left", 1.0),
                ("B-DOOR-R", "Door right", 1.0),
                ("B-HOOD", "Hood", 1.2),
                ("B-SILL", "Sill", 0.8),
                ("B-PILLAR", "B pillar", 0.9),
            ),
            "body part",
            _CUSTOMERS[6:8],
        ),
        _products(
            (
                ("P-PUMP-S", "Pump S", 0.85),
                ("P-PUMP-M", "Pump M", 1.0),
                ("P-PUMP-L", "Pump L", 1.25),
                ("P-VALVE", "Valve", 0.7),
                ("P-MOTOR", "Motor", 1.1),
            ),
            "pump",
            _CUSTOMERS[8:10],
        ),
    )
    # each line repeats its types until it has its 11 or 12 machines
    flows = (
        ("mixer", "extruder", "calender", "building", "building", "curing_press", "curing_press", "inspection"),
        ("cnc", "cnc", "grinding", "press", "robot", "assembly", "test"),
        ("press", "welder", "welder", "robot", "painting", "assembly", "test"),
        ("cnc", "grinding", "assembly", "painting", "robot", "test"),
    )
    machines: list[Machine] = []
    for site, products, types in zip(sites, families, flows, strict=True):
        numbers: dict[str, int] = {}
        for line in range(1, 6):
            area = ("hall-1", "Hall 1") if line <= 3 else ("hall-2", "Hall 2")
            size = 12 if line <= 2 else 11  # 2 x 12 + 3 x 11 = 57 a site, 228 in all
            for i in range(size):
                type_code = types[i % len(types)]
                numbers[type_code] = numbers.get(type_code, 0) + 1
                # 120 machines with 8 sensors and 108 with 7 make the 1,716
                has_all = len(machines) * 120 // 228 != (len(machines) + 1) * 120 // 228
                machines.append(
                    _machine(
                        site,
                        area,
                        (f"line-{line}", f"Line {line}"),
                        i + 1,
                        type_code,
                        numbers[type_code],
                        products,
                        has_all,
                    )
                )
    all_products = tuple(product for family in families for product in family)
    return Plant("reference", sites, tuple(machines), all_products, _CUSTOMERS, _employees(sites, 11_948))


@lru_cache(maxsize=2)
def build_plant(scale: str) -> Plant:
    """The plant of a scale, the same on every call. Raises InputError for an unknown scale."""
    if scale == "small":
        return _small()
    if scale == "reference":
        return _reference()
    raise InputError(f"There is no plant of scale {scale!r}", f"use one of: {', '.join(SCALES)}")
