-- Rights on the engine. Readers reach buckets through agg only; the views there read the rest as their owner.
REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA rollup FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rollup.watermark, rollup.floor_to_bucket, rollup.next_bucket, rollup.edition TO PUBLIC;
GRANT EXECUTE ON FUNCTION rollup.merge_stats(double precision[]) TO PUBLIC;
GRANT USAGE ON SCHEMA rollup TO gemba_transformer, gemba_app, gemba_reader;
GRANT EXECUTE ON FUNCTION rollup.part_status TO gemba_transformer, gemba_app, gemba_reader;
GRANT SELECT ON rollup.status, rollup.policies TO gemba_transformer, gemba_app, gemba_reader;
GRANT EXECUTE ON FUNCTION rollup.run_policies, rollup.refresh_part, rollup.raise_unknown, rollup.native_ranges TO gemba_transformer;
GRANT EXECUTE ON PROCEDURE rollup.refresh, rollup.refresh_pending TO gemba_transformer;
GRANT SELECT ON rollup.definitions, rollup.parts TO gemba_transformer;
