"""Writes the plant into ref.*: upserts by code, so that running it again changes nothing."""

from dataclasses import dataclass
from datetime import date

import psycopg

from ingest.simulator.plant import SKILLS, Plant


@dataclass(frozen=True)
class Registered:
    """Database keys by code."""

    sites: dict[str, int]
    machines: dict[str, int]
    sensors: dict[tuple[str, str], int]  # (machine code, tag)
    products: dict[str, int]
    inspectors: dict[str, list[int]]  # employee ids by site code
    technicians: dict[str, list[int]]


def register(conn: psycopg.Connection, plant: Plant, from_date: date, to_date: date) -> Registered:
    """Write master data as gemba_migrator, in one transaction, and the shift calendar for from_date..to_date."""
    with conn.transaction():
        customers = {
            code: _upsert(
                conn,
                "customers",
                "customer_id",
                ("customer_code",),
                customer_code=code,
                name=name,
                country_code=country,
            )
            for code, name, country in plant.customers
        }
        products = {
            product.code: _upsert(
                conn,
                "products",
                "product_id",
                ("product_code",),
                product_code=product.code,
                name=product.name,
                product_family=product.family,
                customer_id=customers.get(product.customer_code or ""),
            )
            for product in plant.products
        }
        sites = _sites(conn, plant, from_date, to_date)
        machines = _machines(conn, plant, sites)
        sensors = _sensors(conn, plant, machines)
        _rates(conn, plant, machines, products)
        _people(conn, plant, sites)
        inspectors, technicians = _staff(conn, sites, "inspector"), _staff(conn, sites, "technician")
    return Registered(sites, machines, sensors, products, inspectors, technicians)


def _upsert(conn: psycopg.Connection, table: str, id_column: str, key: tuple[str, ...], **row: object) -> int:
    """Insert or update one row of ref.<table> by its natural key; its id. Names are ours, never input."""
    columns = ", ".join(row)
    places = ", ".join(f"%({column})s" for column in row)
    changes = (
        ", ".join(f"{column} = excluded.{column}" for column in row if column not in key)
        or f"{key[0]} = excluded.{key[0]}"
    )
    statement = (
        f"INSERT INTO ref.{table} ({columns}) VALUES ({places})"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes} RETURNING {id_column}"
    )
    return conn.execute(statement, row).fetchone()[0]


def _sites(conn: psycopg.Connection, plant: Plant, from_date: date, to_date: date) -> dict[str, int]:
    ids = {}
    for site in plant.sites:
        site_id = ids[site.code] = _upsert(
            conn,
            "sites",
            "site_id",
            ("site_code",),
            site_code=site.code,
            name=site.name,
            country_code=site.country_code,
            time_zone=site.time_zone,
            currency_code=site.currency_code,
        )
        for shift in site.shifts:
            pattern_id = _upsert(
                conn,
                "shift_patterns",
                "shift_pattern_id",
                ("site_id", "shift_code", "valid_from_date"),
                site_id=site_id,
                shift_code=shift.code,
                name=shift.name,
                starts_at_local=f"{shift.start_hour:02d}:00",
                ends_at_local=f"{shift.end_hour:02d}:00",
                iso_weekdays=list(shift.weekdays),
                valid_from_date=date(2000, 1, 1),
            )
            for after_s, length_s in shift.breaks:
                _upsert(
                    conn,
                    "shift_pattern_breaks",
                    "shift_pattern_break_id",
                    ("shift_pattern_id", "starts_after_s"),
                    shift_pattern_id=pattern_id,
                    starts_after_s=after_s,
                    duration_s=length_s,
                )
        conn.execute("SELECT ref.generate_shift_calendar(%s, %s, %s)", (site_id, from_date, to_date))
    return ids


def _machines(conn: psycopg.Connection, plant: Plant, sites: dict[str, int]) -> dict[str, int]:
    areas: dict[tuple, int] = {}
    lines: dict[tuple, int] = {}
    ids = {}
    for machine in plant.machines:
        area = (machine.site.code, machine.area_code)
        if area not in areas:
            areas[area] = _upsert(
                conn,
                "areas",
                "area_id",
                ("site_id", "area_code"),
                site_id=sites[machine.site.code],
                area_code=machine.area_code,
                name=machine.area_name,
            )
        line = (*area, machine.line_code)
        if line not in lines:
            lines[line] = _upsert(
                conn,
                "lines",
                "line_id",
                ("area_id", "line_code"),
                area_id=areas[area],
                line_code=machine.line_code,
                name=machine.line_name,
            )
        ids[machine.code] = _upsert(
            conn,
            "machines",
            "machine_id",
            ("line_id", "machine_code"),
            line_id=lines[line],
            machine_code=machine.code,
            name=machine.name,
            machine_type=machine.type.code,
            manufacturer=machine.type.manufacturer,
            model=machine.type.model,
            installation_date=machine.installation_date,
            position_in_line=machine.position,
        )
    return ids


def _sensors(conn: psycopg.Connection, plant: Plant, machines: dict[str, int]) -> dict[tuple[str, str], int]:
    rows = [
        (machine, spec, *_limits(spec.low), *_limits(spec.high))
        for machine in plant.machines
        for spec in machine.sensors
    ]
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ref.sensors (machine_id, tag, name, kind, unit, sampling_interval_s,"
            " low_warning, low_critical, high_warning, high_critical) VALUES (%s, %s, %s, %s, %s, 10, %s, %s, %s, %s)"
            " ON CONFLICT (machine_id, tag) DO UPDATE SET"
            " name = excluded.name, kind = excluded.kind, unit = excluded.unit",
            [
                (machines[machine.code], spec.tag, spec.name, spec.kind, spec.unit, *limits)
                for machine, spec, *limits in rows
            ],
        )
    found = conn.execute(
        "SELECT machine_id, tag, sensor_id FROM ref.sensors WHERE machine_id = ANY (%s)", (list(machines.values()),)
    )
    by_key = {(machine_id, tag): sensor_id for machine_id, tag, sensor_id in found}
    return {(machine.code, spec.tag): by_key[machines[machine.code], spec.tag] for machine, spec, *_ in rows}


def _limits(pair: tuple[float, float] | None) -> tuple[float | None, float | None]:
    return (round(pair[0], 4), round(pair[1], 4)) if pair else (None, None)


def _rates(conn: psycopg.Connection, plant: Plant, machines: dict[str, int], products: dict[str, int]) -> None:
    rows = [
        (products[product.code], machines[machine.code], machine.ideal_cycle_s(product))
        for machine in plant.machines
        for product in machine.products
    ]
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ref.product_rates (product_id, machine_id, ideal_cycle_s) VALUES (%s, %s, %s)"
            " ON CONFLICT ON CONSTRAINT product_rates_machine_id_product_id_excl DO NOTHING",
            rows,
        )


def _people(conn: psycopg.Connection, plant: Plant, sites: dict[str, int]) -> None:
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ref.skills (skill_code, name) VALUES (%s, %s) ON CONFLICT (skill_code) DO NOTHING", SKILLS
        )
        cursor.execute("CREATE TEMP TABLE new_people (code text, name text, site_id integer, title text, hired date)")
        with cursor.copy("COPY new_people FROM STDIN") as copy:
            for person in plant.employees:
                copy.write_row((person.code, person.name, sites[person.site_code], person.job_title, person.hire_date))
        cursor.execute(
            "INSERT INTO ref.employees (employee_code, name, site_id, job_title, hire_date) SELECT * FROM new_people"
            " ON CONFLICT (employee_code) DO NOTHING"
        )
        cursor.execute("DROP TABLE new_people")
        cursor.executemany(
            "INSERT INTO ref.technician_skills (employee_id, skill_id, skill_level, certified_until_date)"
            " SELECT employee_id, skill_id, %s, current_date + 365 FROM ref.employees CROSS JOIN ref.skills"
            " WHERE employee_code = %s AND skill_code = %s ON CONFLICT DO NOTHING",
            [(level, person.code, skill) for person in plant.employees for skill, level in person.skills],
        )


def _staff(conn: psycopg.Connection, sites: dict[str, int], title: str) -> dict[str, list[int]]:
    rows = conn.execute(
        "SELECT site_id, employee_id FROM ref.employees WHERE job_title = %s ORDER BY employee_code", (title,)
    ).fetchall()
    return {code: [employee for site, employee in rows if site == site_id] for code, site_id in sites.items()}
