"""All definitions, put together. Loading them needs no database; dbt's manifest is written first if it is missing."""

import json
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject

from dagster_project import home
from dagster_project.defs import jobs
from dagster_project.defs.dbt.freshness import marts_freshness
from dagster_project.defs.dbt.models import dbt_models, source_descriptions
from dagster_project.defs.ingest.raw_tables import raw_tables
from dagster_project.defs.resources import PlantDatabase
from dagster_project.defs.schedules import SCHEDULES
from dagster_project.defs.sql.rollups import rollup_status, rollups
from dagster_project.defs.sql.shift_calendar import shift_calendar
from dagster_project.lib.layers import external_tables
from dagster_project.manifest import DBT_PROGRAM, ensure_manifest
from gemba.paths import DBT
from gemba.settings import get_settings


def build_defs(*, dbt_project: DbtProject | None = None, **resources: Any) -> dg.Definitions:
    """The definitions. dbt_project: another dbt project than the plant's; resources: in place of those named alike."""
    if dbt_project is None:
        folder = home.dbt_folder(get_settings())
        ensure_manifest(folder)
        dbt_project = DbtProject(DBT, target_path=folder)
    models = dbt_models(dbt_project)
    raw = raw_tables()
    fresh_marts = marts_freshness(sorted(key for key in models.keys if key.path[0] == "marts"))
    refreshed = rollups()
    status = rollup_status(refreshed)
    made = [refreshed, models, raw, shift_calendar]
    sources = source_descriptions(json.loads(dbt_project.manifest_path.read_text(encoding="utf-8")))
    external = external_tables(
        wanted={key for assets in made for key in assets.dependency_keys} | sources.keys(),
        known={status.key, *(key for assets in made for key in assets.keys)},
        descriptions=sources,
    )
    return dg.Definitions(
        assets=[*made, status, *external],
        asset_checks=[fresh_marts],
        jobs=[*jobs.asset_jobs(refreshed, models, raw, shift_calendar, fresh_marts), *jobs.PLAIN_JOBS],
        schedules=SCHEDULES,
        resources={
            "plant": PlantDatabase(),
            "dbt": DbtCliResource(project_dir=dbt_project, dbt_executable=str(DBT_PROGRAM)),
            "io_manager": dg.mem_io_manager,
            **resources,
        },
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads. A function, so that importing this module reads neither environment nor files."""
    return build_defs()
