"""External tables: what definitions depend on and none of them makes or observes (master data, what people enter)."""

from collections.abc import Iterable, Mapping

from dagster import AssetKey, AssetSpec


def external_tables(
    wanted: Iterable[AssetKey], known: Iterable[AssetKey], descriptions: Mapping[AssetKey, str]
) -> list[AssetSpec]:
    """Specs, in the group of their schema, for the wanted [schema, table] keys that are not known already."""
    return [
        AssetSpec(key, group_name=key.path[0], description=descriptions.get(key) or None, kinds={"postgres"})
        for key in sorted(set(wanted) - set(known))
    ]
