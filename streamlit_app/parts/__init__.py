"""Pieces several pages share: info mark, tables with download, tiles, error page, choices kept in the URL."""
