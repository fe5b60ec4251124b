"""Whoever reads the database with psql or a BI tool finds each thing described."""

import psycopg

OURS = ["gemba", "ref", "raw", "ops", "agg", "rollup"]
MEASURED_SUFFIXES = "(_s|_ms|_c|_bar|_mm|_mm_s|_a|_v|_kw|_kwh|_per_h|_ratio|_pct|_count|_amount|_db)$"


def test_every_table_and_view_has_a_comment(db: psycopg.Connection) -> None:
    rows = db.execute(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = ANY (%s) AND relkind IN ('r', 'v', 'm', 'p') AND obj_description(c.oid) IS NULL",
        (OURS,),
    ).fetchall()
    assert rows == []


def test_every_measured_column_has_a_comment_with_its_meaning(db: psycopg.Connection) -> None:
    rows = db.execute(
        "SELECT c.oid::regclass::text, attname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped"
        " WHERE nspname = ANY (%s) AND relkind IN ('r', 'v', 'm', 'p') AND attname ~ %s AND col_description(c.oid, attnum) IS NULL",
        (OURS, MEASURED_SUFFIXES),
    ).fetchall()
    assert rows == []


def test_every_function_people_call_has_a_comment(db: psycopg.Connection) -> None:
    rows = db.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace"
        " WHERE nspname = ANY (%s) AND proname !~ '^_' AND obj_description(p.oid) IS NULL",
        (OURS,),
    ).fetchall()
    assert rows == []
