"""The only place that knows where the folders of the project are."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SQL = PROJECT / "sql"
QUERIES = SQL / "queries"
DBT = PROJECT / "dbt"
STREAMLIT_APP = PROJECT / "streamlit_app" / "app.py"
