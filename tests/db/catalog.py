"""What a database is made of, as text that two databases can be compared by."""

import psycopg

OURS = ("gemba", "ref", "raw", "ops", "agg", "rollup")

_COLUMNS = """
    SELECT n.nspname, c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
           pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum), obj_description(c.oid), pg_get_userbyid(c.relowner),
           c.relacl::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE n.nspname = ANY (%s) ORDER BY 1, 2, a.attnum"""
_CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = ANY (SELECT oid FROM pg_namespace WHERE nspname = ANY (%s)) ORDER BY 1, 2"""
_INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = ANY (%s) ORDER BY 1"
_FUNCTIONS = """
    SELECT p.oid::regprocedure::text, CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END, p.proacl::text,
           obj_description(p.oid)
    FROM pg_proc p WHERE p.pronamespace = ANY (SELECT oid FROM pg_namespace WHERE nspname = ANY (%s)) ORDER BY 1"""
_VIEWS = "SELECT schemaname, viewname, definition FROM pg_views WHERE schemaname = ANY (%s) ORDER BY 1, 2"
_TRIGGERS = """
    SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT tgisinternal AND n.nspname = ANY (%s) ORDER BY 1"""


def describe_schema(conn: psycopg.Connection) -> list[tuple]:
    """Columns, constraints, indexes, functions, views, triggers, owners, rights and comments of our schemas."""
    rows: list[tuple] = []
    for query in (_COLUMNS, _CONSTRAINTS, _INDEXES, _FUNCTIONS, _VIEWS, _TRIGGERS):
        rows += conn.execute(query, (list(OURS),)).fetchall()
    return rows
