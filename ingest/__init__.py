"""Streams in: MQTT, files and the simulator of plants, into raw and ops."""
