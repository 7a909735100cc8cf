"""Runs functions on the machines of a Ray cluster, and again if a node dies.

The only file that knows Ray. All machines must see the same folders under the same paths.
Knows nothing about clips.
"""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import Any, TypeVar

from edgeds.errors import InputError, RunError
from edgeds.types import Closing

T = TypeVar("T")

_ANSWER_SECS = 5.0
_SIGNALS = ("SIGINT", "SIGTERM")


class Cluster(Closing):
    """A connection to a cluster. Every submitted call uses a fixed number of its cores."""

    def __init__(self, address: str, *, cpus: float, gpus: float = 0.0, retries: int) -> None:
        """
        Args:
            address: "auto" is the cluster that this machine belongs to, "local" starts Ray on this
                machine alone; else HOST:PORT or ray://HOST:PORT.
            retries: how often a call is run again whose worker or node died.

        Raises:
            InputError: Ray is not installed, or nothing answers at the address.
        """
        self._ray = ray = _ray()
        _check_answer(address)
        self._stack = ExitStack()
        # Ray prints warnings to stdout, where our result goes.
        self._stack.enter_context(redirect_stdout(sys.stderr))
        try:
            with _signals_kept():
                ray.init(
                    address=address,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    configure_logging=False,
                )
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            self._stack.close()
            logging.getLogger(__name__).debug("no cluster", exc_info=error)
            raise _no_cluster(address) from error
        self._options = {"num_cpus": cpus, "num_gpus": gpus, "max_retries": retries}
        self._running: dict[Future[Any], Any] = {}
        total = ray.cluster_resources()
        self.nodes = sum(bool(node["Alive"]) for node in ray.nodes())
        self.slots = max(1, int(total.get("CPU", 0) / cpus))
        """How many calls the cluster runs at a time now. It may grow."""

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Run a function of an installed module on the cluster. Its future raises its error.

        Raises (in the future):
            RunError: workers or nodes died more often than they may.
        """
        reference = self._ray.remote(function).options(**self._options).remote(*arguments)
        outer: Future[T] = Future()
        self._running[outer] = reference
        reference.future().add_done_callback(lambda inner: self._pass_on(inner, outer))
        return outer

    def close(self) -> None:
        """End what still runs, and leave the cluster."""
        for reference in list(self._running.values()):
            self._ray.cancel(reference, force=True)
        self._running.clear()
        self._ray.shutdown()
        self._stack.close()

    def _pass_on(self, inner: Future[T], outer: Future[T]) -> None:
        self._running.pop(outer, None)
        error = inner.exception()
        if error is None:
            outer.set_result(inner.result())
        else:
            outer.set_exception(self._translated(error))

    def _translated(self, error: BaseException) -> BaseException:
        known = self._ray.exceptions
        if isinstance(error, known.RayTaskError):
            return error.cause if isinstance(error.cause, Exception) else error
        if isinstance(error, known.OutOfMemoryError):
            return RunError("the work was given up", why="its machine ran out of memory")
        if isinstance(error, known.RayError):
            why = "the machine or worker that did it died, too often to try again"
            lost = RunError("the work was lost", why=why, fix="start the batch again: it goes on")
            lost.__cause__ = error
            return lost
        return error


def _ray() -> Any:
    """
    Raises:
        InputError: it is not installed.
    """
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise InputError(
            "cannot use a Ray cluster",
            why="Ray is not installed",
            fix='pip install "edgeds[ray]", in the same version as on the cluster',
        ) from error
    return ray


def _check_answer(address: str) -> None:
    """Ray itself would try for many minutes.

    Raises:
        InputError: nothing answers at HOST:PORT.
    """
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), _ANSWER_SECS).close()
    except OSError as error:
        raise _no_cluster(address) from error


def _no_cluster(address: str) -> InputError:
    return InputError(
        f"cannot connect to the Ray cluster {address!r}",
        why="nothing answers there, or it is another version of Ray or Python",
        fix="start one with `ray start --head`, or give 'local' to start one here",
    )


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray installs a handler of its own for stop signals; ours completes the record."""
    before = {name: signal.getsignal(getattr(signal, name)) for name in _SIGNALS}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
