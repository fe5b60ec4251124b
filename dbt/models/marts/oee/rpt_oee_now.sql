-- Sums first, ratios last. A machine without a rate has no ideal time; its production time is left out of effectiveness.
WITH running AS (
    SELECT site.site_code, shift.*
    FROM {{ ref('fct_oee_by_shift') }} AS shift
    JOIN {{ ref('stg_ref__sites') }} AS site USING (site_id)
    WHERE shift.started_at <= now() AND shift.ended_at > now()
),

sums AS (
    SELECT
        site_code,
        line_id,
        count(*) AS machine_count,
        sum(apt_s) AS apt_s,
        sum(pbt_s) AS pbt_s,
        sum(apt_s) FILTER (WHERE ideal_time_s IS NOT NULL) AS rated_apt_s,
        sum(ideal_time_s) AS ideal_time_s,
        sum(total_count)::bigint AS total_count,
        sum(good_count)::bigint AS good_count
    FROM running
    GROUP BY GROUPING SETS ((), (site_code), (site_code, line_id))
),

ratios AS (
    SELECT
        *,
        apt_s / nullif(pbt_s, 0) AS availability_ratio,
        ideal_time_s / nullif(rated_apt_s, 0) AS performance_ratio,
        good_count::double precision / nullif(total_count, 0) AS quality_ratio
    FROM sums
)

SELECT
    site_code,
    line_id,
    machine_count,
    total_count,
    good_count,
    availability_ratio,
    performance_ratio,
    quality_ratio,
    availability_ratio * performance_ratio * quality_ratio AS oee_ratio
FROM ratios
