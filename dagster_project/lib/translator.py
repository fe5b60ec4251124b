"""How dbt's nodes become Dagster's assets: key [schema, table], group = layer."""

from collections.abc import Mapping
from typing import Any

from dagster import AssetKey
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings


def relation_key(node: Mapping[str, Any]) -> AssetKey:
    """[schema, table] of a node of the manifest, as the database names it."""
    table = node.get("identifier") if node["resource_type"] == "source" else node.get("alias")
    return AssetKey([node["schema"], table or node["name"]])


class LayeredTranslator(DagsterDbtTranslator):
    """Keys and groups of dbt's models, seeds and sources; their tests, those of sources too, become asset checks."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
        return relation_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return dbt_resource_props["schema"]
