"""The shift calendar, kept a year ahead: a shift that is not in it has no planned time, and so no OEE."""

from dagster import AssetExecutionContext, MaterializeResult, asset

from dagster_project.defs.resources import PlantDatabase

EXTEND = """
SELECT
    site.site_code,
    ref.generate_shift_calendar(site.site_id, today.local_date, today.local_date + 366) AS made_count
FROM ref.sites AS site
CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE site.time_zone)::date AS local_date) AS today
ORDER BY site.site_code
"""


@asset(
    key=["ref", "shift_calendar"],
    deps=[["ref", "shift_patterns"], ["ref", "sites"]],
    group_name="ref",
    kinds={"postgres"},
    description="Shift instances of each site as instants, made from its patterns for today and the year after it.",
)
def shift_calendar(context: AssetExecutionContext, plant: PlantDatabase) -> MaterializeResult:
    with plant.connect() as conn:
        made = dict(conn.execute(EXTEND).fetchall())
    context.log.info("shifts made by site: %s", made)
    return MaterializeResult(metadata={"made_count": sum(made.values()), "made_by_site": made})
