"""Puts orders, inspections, maintenance, faults and sensor checks into ops.*. Repeating it changes nothing."""

from collections.abc import Iterator
from datetime import date

import psycopg

from ingest.simulator.happenings import Happenings, happenings_of
from ingest.simulator.plant import Machine
from ingest.simulator.register import Registered
from ingest.simulator.schedule import Run
from ingest.simulator.shifts import days_between
from ingest.simulator.timeline import Timeline
from ingest.simulator.truth import instant


def runs_between(timeline: Timeline, machine: Machine, from_ms: int, until_ms: int) -> list[tuple[Run, int | None]]:
    """Orders on the machine within [from, until) with their end; None where they run on at until."""
    runs: list[Run] = []
    for day in days_between(machine.site, from_ms, until_ms):
        for run in timeline.day(machine, day).runs:
            if run.start_ms < until_ms and (not runs or run.order_code != runs[-1].order_code):
                runs.append(run)
    ends: list[int | None] = [run.start_ms for run in runs[1:]]
    return list(zip(runs, [*ends, None], strict=True))


def write_runs(
    conn: psycopg.Connection, timeline: Timeline, keys: Registered, machines: list[Machine], from_ms: int, until_ms: int
) -> int:
    """Upsert ops.production_runs, each machine's in time order, so that an open run is ended before the next begins."""
    rows = [
        (
            keys.machines[machine.code],
            keys.products[run.product.code],
            run.order_code,
            instant(run.begun_ms),
            instant(end) if end else None,
            run.planned_count,
        )
        for machine in machines
        for run, end in runs_between(timeline, machine, from_ms, until_ms)
    ]
    with conn.transaction(), conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ops.production_runs AS run"
            " (machine_id, product_id, order_code, started_at, ended_at, planned_count) VALUES (%s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (machine_id, started_at) DO UPDATE SET ended_at = excluded.ended_at,"
            " planned_count = coalesce(run.planned_count, excluded.planned_count), updated_at = clock_timestamp()"
            " WHERE run.ended_at IS NULL AND excluded.ended_at IS NOT NULL OR run.planned_count IS NULL",
            rows,
        )
    return len(rows)


def write_happenings(
    conn: psycopg.Connection, timeline: Timeline, keys: Registered, machines: list[Machine], from_ms: int, until_ms: int
) -> None:
    """Insert what was recorded in [from, until); what is there stays, except that open stops get their end."""
    inspections, defects, faults, work, checks = [], [], [], [], []
    for machine, _, seen in _all(timeline, machines, from_ms, until_ms):
        machine_id, site = keys.machines[machine.code], machine.site.code
        inspectors, technicians = keys.inspectors[site], keys.technicians[site]
        for found in seen.inspections:
            if from_ms <= found.at_ms < until_ms:
                key = (machine_id, instant(found.at_ms), found.kind)
                inspector = inspectors[(found.at_ms // 1000 + machine.key) % len(inspectors)]
                inspections.append(
                    (
                        *key,
                        keys.products[found.product_code],
                        found.order_code,
                        found.inspected,
                        found.passed,
                        inspector,
                    )
                )
                defects += [(code, count, *key) for code, count in found.defects]
        for stop in seen.stops:
            if from_ms <= stop.start_ms < until_ms:
                start, end = instant(stop.start_ms), instant(stop.end_ms) if stop.end_ms < until_ms else None
                technician = technicians[(stop.start_ms // 1000 + machine.key) % len(technicians)]
                if stop.maintenance_type == "breakdown":
                    faults.append((machine_id, stop.reason, stop.component, stop.severity, start, end))
                    work.append((machine_id, "breakdown", stop.component, start, end, technician, stop.reason))
                else:
                    work.append((machine_id, stop.maintenance_type, stop.component, start, end, technician, None))
        checks += [
            (keys.sensors[machine.code, tag], instant(at), status, noise, drift)
            for tag, at, status, noise, drift in seen.sensor_checks
            if from_ms <= at < until_ms
        ]
    with conn.transaction(), conn.cursor() as cursor:
        cursor.executemany(_INSPECTION, inspections)
        cursor.executemany(_DEFECT, defects)
        cursor.executemany(_FAULT, faults)
        cursor.executemany(_WORK, [(*row[:6], row[0], row[6], row[3]) for row in work])
        cursor.executemany(_CHECK, checks)


def _all(
    timeline: Timeline, machines: list[Machine], from_ms: int, until_ms: int
) -> Iterator[tuple[Machine, date, Happenings]]:
    for machine in machines:
        for day in days_between(machine.site, from_ms, until_ms):
            yield machine, day, happenings_of(timeline, machine, day)


_INSPECTION = """
    INSERT INTO ops.quality_inspections
        (machine_id, inspected_at, inspection_kind, product_id, order_code, inspected_count, passed_count,
         inspector_employee_id)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_DEFECT = """
    INSERT INTO ops.defects (defect_code, defect_count, quality_inspection_id)
    SELECT %s, %s, quality_inspection_id FROM ops.quality_inspections
    WHERE machine_id = %s AND inspected_at = %s AND inspection_kind = %s
    ON CONFLICT DO NOTHING"""
_FAULT = """
    INSERT INTO ops.machine_faults AS known (machine_id, fault_code, component, severity, started_at, ended_at)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (machine_id, fault_code, started_at)
    DO UPDATE SET ended_at = excluded.ended_at WHERE known.ended_at IS NULL"""
_WORK = """
    INSERT INTO ops.maintenance_events AS known
        (machine_id, maintenance_type, component, started_at, ended_at, technician_employee_id, machine_fault_id)
    VALUES (%s, %s, %s, %s, %s, %s,
        (SELECT machine_fault_id FROM ops.machine_faults WHERE machine_id = %s AND fault_code = %s AND started_at = %s))
    ON CONFLICT (machine_id, maintenance_type, component, started_at)
    DO UPDATE SET ended_at = excluded.ended_at WHERE known.ended_at IS NULL"""
_CHECK = """
    INSERT INTO ops.sensor_health (sensor_id, checked_at, status, signal_to_noise_db, drift_ratio)
    VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
