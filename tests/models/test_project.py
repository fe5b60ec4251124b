"""The rules that every model keeps, read from dbt's manifest."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gemba.paths import DBT


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    target = tmp_path_factory.mktemp("target")
    environment = {
        **os.environ,
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target),
        "DO_NOT_TRACK": "1",
        "DBT_PROFILES_DIR": str(DBT),
    }
    subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "parse"], cwd=DBT, env=environment, check=True, capture_output=True
    )
    manifest = json.loads((Path(target) / "manifest.json").read_text())
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def test_every_model_says_its_grain_and_what_it_is(nodes: list[dict]) -> None:
    assert [node["name"] for node in nodes if not node["config"]["meta"].get("grain") or not node["description"]] == []


def test_every_mart_has_an_enforced_contract_and_describes_each_column(nodes: list[dict]) -> None:
    marts = [node for node in nodes if node["schema"] == "marts"]
    assert len(marts) >= 10
    assert [node["name"] for node in marts if not node["config"]["contract"]["enforced"]] == []
    assert [
        (node["name"], column["name"])
        for node in marts
        for column in node["columns"].values()
        if not column["description"]
    ] == []


def test_only_staging_reads_sources(nodes: list[dict]) -> None:
    reads_source = {
        node["name"] for node in nodes if any(parent.startswith("source.") for parent in node["depends_on"]["nodes"])
    }
    assert {name for name in reads_source if not name.startswith("stg_")} == set()


def test_names_tell_the_layer(nodes: list[dict]) -> None:
    prefixes = {"staging": ("stg_",), "intermediate": ("int_",), "marts": ("fct_", "dim_", "rpt_")}
    assert [node["name"] for node in nodes if not node["name"].startswith(prefixes[node["schema"]])] == []


def test_the_dbt_folder_is_no_package_that_would_shadow_dbt_core() -> None:
    assert not (DBT / "__init__.py").exists()
