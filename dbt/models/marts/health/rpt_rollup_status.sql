SELECT
    status.name AS rollup_name,
    status.edition,
    status.watermark_at AS materialized_until,
    -- a bucket is stored when it is over, so a whole bucket's length is no delay
    greatest(status.lag_s - extract(epoch FROM definition.bucket_width)::double precision, 0) AS behind_s,
    status.pending_count,
    status.pending_from_at
FROM {{ ref('stg_rollup__status') }} AS status
JOIN {{ ref('stg_rollup__definitions') }} AS definition USING (name)
