"""The plant's pages. `streamlit run streamlit_app/app.py` starts them; nothing here is started at import."""
