"""Gemba's ground floor: settings, paths, database, migrations, services. Imports no other package of the project."""
