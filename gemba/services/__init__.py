"""The embedded services of a plant: TimescaleDB and an MQTT broker, provisioned and started without Docker.

provision: the root directory with both programs. programs: which binaries serve, and how they are started.
postgres, broker: one server each, for the plant or (temporary_*) for a test run. runner: the parent of such a server.

provision runs before anything is installed, so this package imports nothing but the standard library by itself.
"""
