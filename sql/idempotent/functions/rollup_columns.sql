-- What the columns of all rollups mean, once.

CREATE OR REPLACE FUNCTION rollup.column_meaning(p_column text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog
AS $$
    SELECT meaning FROM (VALUES
        ('sensor_id', 'The sensor, ref.sensors.'),
        ('machine_id', 'The machine, ref.machines.'),
        ('bucket_at', 'Start of the bucket; of a day: local midnight in the time zone of the sensor''s site.'),
        ('reading_count', 'Usable readings in the bucket: quality good or uncertain (64 or more).'),
        ('value_mean', 'Mean of the readings, in the sensor''s unit.'),
        ('value_min', 'Smallest reading, in the sensor''s unit.'),
        ('value_max', 'Largest reading, in the sensor''s unit.'),
        ('value_stddev', 'Sample standard deviation of the readings, in the sensor''s unit; NULL for a single one.'),
        ('value_first', 'Earliest reading, in the sensor''s unit.'),
        ('value_last', 'Latest reading, in the sensor''s unit.'),
        ('warning_s', 'Time beyond a warning limit (beyond critical included), seconds: warning_count times the sampling interval.'),
        ('critical_s', 'Time beyond a critical limit, seconds: critical_count times the sampling interval.'),
        ('warning_count', 'Readings beyond the warning limits that held when the bucket was computed.'),
        ('critical_count', 'Readings beyond the critical limits that held when the bucket was computed.'),
        ('value_sum', 'Sum of the readings; to merge buckets.'),
        ('value_m2', 'Sum of squared deviations from the bucket''s mean; to merge buckets (rollup.merge_stats).'),
        ('sample_count', 'Samples in the bucket.'),
        ('running_count', 'Samples whose state was running.'),
        ('state_last', 'Latest state in the bucket, a code of ref.machine_states; NULL where no sample had one.'),
        ('total_count_first', 'Earliest value of the cumulative counter of parts, pieces.'),
        ('total_count_last', 'Latest value of the cumulative counter of parts, pieces; smaller than the first after a reset.'),
        ('good_count_first', 'Earliest value of the cumulative counter of good parts, pieces.'),
        ('good_count_last', 'Latest value of the cumulative counter of good parts, pieces.'),
        ('cycle_time_mean_s', 'Mean of the measured cycle times, seconds.'),
        ('cycle_time_sum_s', 'Sum of the measured cycle times, seconds; to merge buckets.'),
        ('cycle_time_count', 'Samples with a cycle time.'),
        ('power_mean_kw', 'Mean electric power, kW; times the bucket''s hours it is the energy, kWh.'),
        ('power_max_kw', 'Largest electric power of a sample, kW.'),
        ('power_sum_kw', 'Sum of the samples of electric power, kW; to merge buckets.'),
        ('power_count', 'Samples with a power.')
    ) AS meanings (column_name, meaning) WHERE column_name = p_column
$$;
COMMENT ON FUNCTION rollup.column_meaning(text) IS 'What a column of a rollup means; the same name means the same in all of them.';

CREATE OR REPLACE FUNCTION rollup.comment_columns(p_relation text, p_kind text, p_comment text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
DECLARE
    v_column text;
BEGIN
    EXECUTE format('COMMENT ON %s %s IS %L', p_kind, p_relation, p_comment);
    FOR v_column IN
        SELECT attname FROM pg_attribute WHERE attrelid = p_relation::regclass AND attnum > 0 AND NOT attisdropped
    LOOP
        IF rollup.column_meaning(v_column) IS NULL THEN
            RAISE EXCEPTION 'column %.% has no meaning', p_relation, v_column
                USING HINT = 'add it to rollup.column_meaning (sql/idempotent/functions/rollup_columns.sql)';
        END IF;
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', p_relation, v_column, rollup.column_meaning(v_column));
    END LOOP;
END
$$;
COMMENT ON FUNCTION rollup.comment_columns(text, text, text) IS 'Comments a relation of a rollup and each of its columns. Kind: TABLE, VIEW.';
