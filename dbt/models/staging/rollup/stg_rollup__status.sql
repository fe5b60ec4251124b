SELECT name, edition, watermark_at, pending_count, pending_from_at, lag_s, row_count
FROM {{ source('rollup', 'status') }}
