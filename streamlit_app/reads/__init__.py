"""Cached loaders: each runs one named query of sql/queries as the reader and returns its rows."""
