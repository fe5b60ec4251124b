"""Finds the machine and its sensors in ref, and registers what is missing when told to (--create).

Looking up is done as gemba_ingest, which may read ref. Registering changes master data, which neither gemba_ingest nor
gemba_app may: it is done as gemba_migrator, the owner of ref, in a transaction of its own before the first row is read.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from gemba.errors import InputError
from ingest.files.interpret import Channel
from ingest.files.mapping import Mapping, Place, SensorColumn, Shift
from ingest.files.units import conversion, spelled

LEVELS = ("site", "area", "line", "machine")


@dataclass(frozen=True)
class Machine:
    """A machine of ref.machines. path: site/area/line/machine. sensors: tag -> (sensor_id, stored unit)."""

    machine_id: int
    path: str
    sensors: dict[str, tuple[int, str]]


def find_machine(conn: psycopg.Connection, mapping: Mapping) -> Machine | None:
    """The machine that the mapping names, or None. A machine's code alone will do where it is the only one.

    Raises InputError when no machine is named, or when several have the codes that were given.
    """
    codes = {level: place.code for level in LEVELS if (place := getattr(mapping, level))}
    if "machine" not in codes:
        raise InputError(
            "No machine is named", "say which one: --machine CODE (and --site --area --line), or a --mapping that does"
        )
    rows = conn.execute(
        """
        SELECT machine_id, concat_ws('/', site_code, area_code, line_code, machine_code)
        FROM ref.machines JOIN ref.lines USING (line_id) JOIN ref.areas USING (area_id) JOIN ref.sites USING (site_id)
        WHERE machine_code = %(machine)s AND coalesce(site_code = %(site)s, true)
          AND coalesce(area_code = %(area)s, true) AND coalesce(line_code = %(line)s, true)
        ORDER BY 2""",
        {level: codes.get(level) for level in LEVELS},
    ).fetchall()
    if len(rows) > 1:
        raise InputError(
            f"{len(rows)} machines are called {codes['machine']}: {', '.join(path for _, path in rows[:5])}",
            "say which one with --site, --area and --line",
        )
    if not rows:
        return None
    machine_id, path = rows[0]
    sensors = conn.execute(
        "SELECT tag, sensor_id, unit FROM ref.sensors WHERE machine_id = %s", (machine_id,)
    ).fetchall()
    return Machine(machine_id, path, {tag: (sensor_id, unit) for tag, sensor_id, unit in sensors})


def register(conn: psycopg.Connection, mapping: Mapping, sensors: Iterable[SensorColumn]) -> list[str]:
    """Register what is missing of site, area, line, machine and sensors; says what was new. Changes nothing else.

    conn: as gemba_migrator, committed here. Raises InputError where a code is missing or can't be one.
    """
    places: dict[str, Place] = {}
    for level in LEVELS:
        place = getattr(mapping, level)
        if place is None:
            raise InputError(
                f"The {level} is not named", f"--create needs --site, --area, --line and --machine: add --{level} CODE"
            )
        places[level] = place
    made: list[str] = []
    try:
        with conn.transaction():
            above = None
            for level, table, parent in (
                ("site", "sites", None), ("area", "areas", "site_id"),
                ("line", "lines", "area_id"), ("machine", "machines", "line_id"),
            ):  # fmt: skip
                above = _register_place(conn, level, table, parent, above, places[level], made)
            for sensor in sensors:
                if _register_sensor(conn, above, sensor):
                    made.append(f"sensor {sensor.tag} ({sensor.unit})")
    except psycopg.errors.CheckViolation as error:
        raise InputError(
            f"Not registered: {error.diag.message_primary}",
            "codes are lower case letters, digits, - and _; see ref's comments",
        ) from error
    except psycopg.errors.InvalidParameterValue as error:
        raise InputError(
            f"Not registered: {error.diag.message_primary}",
            "give the site an IANA time zone, say --site-timezone Europe/Berlin",
        ) from error
    return made


def _register_place(
    conn: psycopg.Connection,
    level: str,
    table: str,
    parent: str | None,
    above: int | None,
    place: Place,
    made: list[str],
) -> int:
    where = f"{level}_code = %(code)s" + (f" AND {parent} = %(above)s" if parent else "")
    find = f"SELECT {level}_id FROM ref.{table} WHERE {where}"
    values: dict[str, object] = {"code": place.code, "above": above}
    if row := conn.execute(find, values).fetchone():
        return row[0]
    columns: dict[str, object] = {f"{level}_code": place.code, "name": place.name or place.code}
    if parent:
        columns[parent] = above
    if level == "site":
        if not place.time_zone:
            raise InputError(
                f"The site {place.code} is new and has no time zone",
                "add --site-timezone, say --site-timezone Europe/Berlin",
            )
        columns["time_zone"] = place.time_zone
    if level == "machine":
        columns |= {"machine_type": place.type or "other", "manufacturer": place.manufacturer, "model": place.model}
        if place.silence_timeout_s is not None:
            columns["silence_timeout_s"] = place.silence_timeout_s
    names, marks = ", ".join(columns), ", ".join(f"%({name})s" for name in columns)
    conn.execute(f"INSERT INTO ref.{table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING", columns)
    made.append(f"{level} {place.code}")
    return conn.execute(find, values).fetchone()[0]


def _register_sensor(conn: psycopg.Connection, machine_id: int, sensor: SensorColumn) -> bool:
    cursor = conn.execute(
        """
        INSERT INTO ref.sensors (machine_id, tag, name, kind, unit, sampling_interval_s,
                                 low_critical, low_warning, high_warning, high_critical)
        VALUES (%s, %s, %s, %s, %s, coalesce(%s, 10), %s, %s, %s, %s)
        ON CONFLICT (machine_id, tag) DO NOTHING""",
        (machine_id, sensor.tag, sensor.name, sensor.kind, sensor.unit, sensor.sampling_interval_s,
         sensor.low_critical, sensor.low_warning, sensor.high_warning, sensor.high_critical),
    )  # fmt: skip
    return cursor.rowcount == 1


def register_shifts(conn: psycopg.Connection, machine: Machine, shifts: Iterable[Shift], hours: Iterable[int]) -> int:
    """Give a site without any shift pattern these shifts, and its calendar the days that hold data; returns new shifts.

    conn: as gemba_migrator, committed here. hours: since 1970 UTC, those with readings. A site that has patterns keeps
    its own, and its calendar is not this command's business.
    """
    with conn.transaction():
        site_id, time_zone, is_planned = conn.execute(
            """
            SELECT site_id, time_zone, EXISTS (
                SELECT FROM ref.shift_patterns AS pattern
                WHERE pattern.site_id = site.site_id AND shift_code <> ALL (%s))
            FROM ref.machines JOIN ref.lines USING (line_id) JOIN ref.areas USING (area_id)
            JOIN ref.sites AS site USING (site_id) WHERE machine_id = %s""",
            ([shift.code for shift in shifts], machine.machine_id),
        ).fetchone()
        if is_planned:
            return 0
        for shift in shifts:
            conn.execute(
                """INSERT INTO ref.shift_patterns (site_id, shift_code, name, starts_at_local, ends_at_local)
                VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING""",
                (site_id, shift.code, shift.name or shift.code, shift.starts, shift.ends),
            )
        (made,) = conn.execute(
            """
            SELECT coalesce(sum(ref.generate_shift_calendar(%s, day, day)), 0) FROM (
                SELECT DISTINCT (to_timestamp(hour * 3600.0) AT TIME ZONE %s)::date AS day
                FROM unnest(%s::bigint[]) AS hour
            ) AS days""",
            (site_id, time_zone, sorted(hours)),
        ).fetchone()
    return int(made)


def channels_of(machine: Machine, sensors: Iterable[SensorColumn]) -> tuple[Channel, ...]:
    """The sensors' columns with their ids and the conversion into the unit that is stored.

    Raises InputError for a sensor that is not registered, or whose registered unit is another quantity.
    """
    sensors = list(sensors)
    if missing := [sensor.tag for sensor in sensors if sensor.tag not in machine.sensors]:
        raise InputError(
            f"The machine {machine.path} has no sensor {', '.join(missing[:8])}{' ...' if len(missing) > 8 else ''}",
            "--create registers it; --tag COLUMN=TAG names a column's sensor; --ignore COLUMN leaves a column out",
        )
    channels = []
    for sensor in sensors:
        sensor_id, stored = machine.sensors[sensor.tag]
        # a sensor that was registered before says what is stored; a column without a unit of its own is in that unit
        source = sensor.source_unit or (sensor.unit if sensor.unit != "1" else spelled(stored))
        channels.append(Channel(sensor.column, sensor_id, conversion(source, stored)))
    return tuple(channels)
