"""dbt's models, seeds and tests: each model an asset, each test a check of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

from dagster_project.lib.translator import LayeredTranslator, relation_key
from gemba.dbt_env import dbt_environment

# Unit tests hold for the code, whatever the data: `gemba dbt build` and the tests run them, not every five minutes.
BUILD = ["build", "--exclude-resource-type", "unit_test"]


@contextmanager
def dbt_connection() -> Iterator[None]:
    """dbt/profiles.yml reads the connection from the environment: put it there for as long as dbt runs."""
    wanted = dbt_environment()
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def dbt_models(project: DbtProject) -> AssetsDefinition:
    """The assets and checks of the project's manifest, built by one `dbt build`."""

    @dbt_assets(
        manifest=project.manifest_path, project=project, dagster_dbt_translator=LayeredTranslator(), name="dbt_models"
    )
    def models(context: AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        with dbt_connection():
            # one folder for all runs (there is never more than one at a time): dbt's default is a new one for each
            # run, which is never deleted; and from its last parse in it dbt parses just what changed
            build = dbt.cli(BUILD, context=context, target_path=project.target_path / "run")
            yield from build.stream()

    return models


def source_descriptions(manifest: dict[str, Any]) -> dict[AssetKey, str]:
    """Key and description of every source in the manifest."""
    return {relation_key(node): node.get("description") or "" for node in manifest["sources"].values()}
