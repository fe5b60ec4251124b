-- Runs arrive as events, out of order and more than once; whatever the order, the runs of a machine never overlap.

CREATE OR REPLACE FUNCTION ops.start_production_run(
    p_machine_id integer, p_order_code text, p_product_id integer, p_started_at timestamptz, p_planned_count bigint DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ops
AS $$
DECLARE
    v_run_id bigint;
    v_ended_at timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ops.production_runs'), p_machine_id);
    SELECT production_run_id INTO v_run_id
    FROM ops.production_runs WHERE machine_id = p_machine_id AND started_at = p_started_at;
    IF FOUND THEN
        RETURN v_run_id; -- the same message again, or another one for the same instant: the first stands
    END IF;

    UPDATE ops.production_runs AS covering
    SET ended_at = p_started_at, updated_at = clock_timestamp()
    FROM ops.production_runs AS before_change
    WHERE covering.production_run_id = before_change.production_run_id
        AND covering.machine_id = p_machine_id
        AND tstzrange(covering.started_at, covering.ended_at) @> p_started_at
    RETURNING before_change.ended_at INTO v_ended_at;
    IF v_ended_at IS NULL THEN
        SELECT min(started_at) INTO v_ended_at
        FROM ops.production_runs WHERE machine_id = p_machine_id AND started_at > p_started_at;
    END IF;

    INSERT INTO ops.production_runs (machine_id, product_id, order_code, started_at, ended_at, planned_count)
    VALUES (p_machine_id, p_product_id, p_order_code, p_started_at, v_ended_at, p_planned_count)
    RETURNING production_run_id INTO v_run_id;
    RETURN v_run_id;
END
$$;
COMMENT ON FUNCTION ops.start_production_run IS
'Records that a machine began an order at an instant; the run before it ends there, a run known to begin later bounds it. Returns the run''s id; a repeat changes nothing.';

CREATE OR REPLACE FUNCTION ops.end_production_run(p_machine_id integer, p_order_code text, p_ended_at timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ops
AS $$
DECLARE
    v_run ops.production_runs;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ops.production_runs'), p_machine_id);
    SELECT * INTO v_run
    FROM ops.production_runs
    WHERE machine_id = p_machine_id AND order_code = p_order_code AND started_at < p_ended_at
    ORDER BY started_at DESC LIMIT 1;
    IF v_run.production_run_id IS NOT NULL AND (v_run.ended_at IS NULL OR v_run.ended_at > p_ended_at) THEN
        UPDATE ops.production_runs SET ended_at = p_ended_at, updated_at = clock_timestamp()
        WHERE production_run_id = v_run.production_run_id;
    END IF;
    RETURN v_run.production_run_id;
END
$$;
COMMENT ON FUNCTION ops.end_production_run IS
'Ends the machine''s latest run of the order begun before the instant; an earlier end stands. Returns the run''s id, NULL where there is none.';
