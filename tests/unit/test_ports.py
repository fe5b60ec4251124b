"""Ports: taken or free, and by whom."""

import os
import socket

from gemba.services.ports import free_port, holder_of, is_taken


def test_a_listening_port_is_taken_and_its_holder_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert is_taken(port)
        assert holder_of(port).endswith(f"(pid {os.getpid()})")
    assert not is_taken(port)


def test_a_port_taken_on_every_address_is_taken_for_us_too() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert is_taken(server.getsockname()[1])


def test_a_free_port_is_free() -> None:
    assert not is_taken(free_port())
