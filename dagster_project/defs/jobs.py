"""The jobs: which assets and checks are made together. Names are <domain>_<verb>_job."""

from dagster import (
    AssetChecksDefinition,
    AssetsDefinition,
    AssetSelection,
    JobDefinition,
    define_asset_job,
    in_process_executor,
    job,
    mem_io_manager,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from dagster_project.defs.history import purge_history

AssetJob = UnresolvedAssetJobDefinition


def job_tags(name: str, *, max_runtime_s: int) -> dict[str, str]:
    """Tags of a job: by the first one dagster.yaml never lets two runs of it go at once, by the second a run ends."""
    return {"gemba/job": name, "dagster/max_runtime": str(max_runtime_s)}


def asset_job(name: str, selection: AssetSelection, description: str, *, max_runtime_s: int) -> AssetJob:
    """A job over assets. Its steps run in the run's own process: a process for each step costs seconds of a core."""
    return define_asset_job(
        name,
        selection=selection,
        description=description,
        tags=job_tags(name, max_runtime_s=max_runtime_s),
        executor_def=in_process_executor,
    )


def asset_jobs(
    rollups: AssetsDefinition,
    models: AssetsDefinition,
    raw_tables: AssetsDefinition,
    shift_calendar: AssetsDefinition,
    marts_freshness: AssetChecksDefinition,
) -> list[AssetJob]:
    """The jobs over assets, given the assets."""
    fresh_marts = AssetSelection.checks(marts_freshness)
    return [
        asset_job(
            "rollups_refresh_job",
            AssetSelection.assets(rollups),
            "Runs what is due of the rollups' refresh and retention policies.",
            max_runtime_s=900,
        ),
        asset_job(
            "dbt_build_job",
            AssetSelection.assets(models) - fresh_marts,
            "Builds dbt's models and runs their tests.",
            max_runtime_s=1800,
        ),
        asset_job(
            "freshness_check_job",
            AssetSelection.assets(raw_tables) | fresh_marts,
            "Looks at the raw tables and checks that they and the marts are kept up.",
            max_runtime_s=300,
        ),
        asset_job(
            "calendar_extend_job",
            AssetSelection.assets(shift_calendar),
            "Keeps the shift calendar of each site a year ahead.",
            max_runtime_s=300,
        ),
    ]


@job(
    executor_def=in_process_executor,
    resource_defs={"io_manager": mem_io_manager},
    tags=job_tags("history_purge_job", max_runtime_s=1800),
    description="Throws away Dagster's own old history.",
)
def history_purge_job() -> None:
    purge_history()


PLAIN_JOBS: list[JobDefinition] = [history_purge_job]
