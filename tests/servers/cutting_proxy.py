"""A line to a server that breaks at a word: before it arrives there, or before its answer comes back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class CuttingProxy:
    """Forwards everything to a port of this machine, until it is told to cut."""

    def __init__(self, port: int) -> None:
        self.cut_at: bytes = b""
        """Word of the client at which the line breaks; empty: it holds."""
        self.is_after = False
        """Whether the word still arrives, and only the answer is lost."""
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for a connection
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for one, other in ((client, server), (server, client)):
                    arguments = (one, other, one is client)
                    threading.Thread(target=self._forward, args=arguments, daemon=True).start()

    def _forward(self, one: socket.socket, other: socket.socket, is_client: bool) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                if is_client and self.cut_at and self.cut_at in data:
                    self.cut_at = b""
                    if self.is_after:
                        with suppress(OSError):  # no answer goes back
                            one.shutdown(socket.SHUT_WR)
                        other.sendall(data)
                    break
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def cutting_proxy(port: int) -> Iterator[CuttingProxy]:
    """Give a line to a port for the length of a block."""
    proxy = CuttingProxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
