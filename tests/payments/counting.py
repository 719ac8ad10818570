"""
Counting round trips where they happen: a proxy between us and PostgreSQL.

A turn is the client saying something after the server has spoken. Statements that are
sent together are one turn; BEGIN and COMMIT are turns of their own unless they ride along.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import connection


class Turns:
    """How often the client has waited for the server."""

    def __init__(self) -> None:
        self.count = 0
        self._server_spoke = True

    def client(self) -> None:
        if self._server_spoke:
            self.count += 1
            self._server_spoke = False

    def server(self) -> None:
        self._server_spoke = True


@contextmanager
def round_trips() -> Iterator[Turns]:
    """Connect through the proxy, and count from then on."""
    turns, settings = Turns(), connection.settings_dict
    host, port = settings["HOST"] or settings["OPTIONS"].get("host"), settings["PORT"] or "5432"
    kept = settings["HOST"]
    with TemporaryDirectory() as folder:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(Path(folder, f".s.PGSQL.{port}")))
        listening.listen()
        thread = threading.Thread(target=_serve, args=(listening, f"{host}/.s.PGSQL.{port}", turns))
        thread.start()
        connection.close()
        settings["HOST"] = folder
        try:
            with connection.cursor() as cursor:  # What a new connection says first is not counted.
                cursor.execute("SELECT 1")
            turns.count = 0
            yield turns
        finally:
            connection.close()
            settings["HOST"] = kept
            listening.close()
            thread.join()


def _serve(listening: socket.socket, server_path: str, turns: Turns) -> None:
    client, _ = listening.accept()
    server = socket.socket(socket.AF_UNIX)
    server.connect(server_path)
    back = threading.Thread(target=_pump, args=(server, client, turns.server))
    back.start()
    _pump(client, server, turns.client)
    back.join()
    client.close()
    server.close()


def _pump(source: socket.socket, sink: socket.socket, said) -> None:
    while data := source.recv(1 << 16):
        said()
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)
