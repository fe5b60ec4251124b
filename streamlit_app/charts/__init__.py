"""Pure functions from a DataFrame to a Plotly figure. No database, no Streamlit."""
