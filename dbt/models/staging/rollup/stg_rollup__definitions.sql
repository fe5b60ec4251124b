SELECT name, bucket_width
FROM {{ source('rollup', 'definitions') }}
