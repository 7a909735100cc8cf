"""A port for a server that cannot be given port 0: FFmpeg's and Mosquitto's cannot say which one
they got, and a server that comes back needs the same one again.
"""

from __future__ import annotations

import atexit
import socket


def held_port() -> int:
    """A TCP port of 127.0.0.1 that nobody else is given while the tests run.

    It stays bound, so that the system gives it to no other program, and refuses connections until a
    server listens there: servers bind with SO_REUSEADDR, which is enough beside a socket that does
    the same and does not listen. A port that was bound and closed may be taken meanwhile.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    atexit.register(holder.close)
    return int(holder.getsockname()[1])
