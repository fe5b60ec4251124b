SELECT
    process_name,
    bucket_at,
    message_count,
    stored_count,
    duplicate_count,
    dead_letter_count,
    batch_count,
    lag_max_s,
    updated_at
FROM {{ ref('stg_ops__ingest_stats') }}
