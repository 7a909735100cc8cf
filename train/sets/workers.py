"""Where work runs: processes of this machine, or a Ray cluster. Knows nothing about the work."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import TypeAlias

from edgeds.cli.batch.cluster import Cluster

Workers: TypeAlias = Cluster | ProcessPoolExecutor
"""Both are context managers with `submit`."""


def open_workers(processes: int, ray: str | None = None) -> tuple[Workers, int]:
    """(workers, how many work at a time).

    Args:
        ray: address of a Ray cluster, which then does the work. All paths must be absolute, and
            the same on all its machines.

    Raises:
        InputError: Ray is not installed, or nothing answers at the address.
    """
    if ray is not None:
        cluster = Cluster(ray, cpus=1, retries=3)
        return cluster, cluster.slots
    # spawned, not forked: a fork copies locks that other threads may hold
    pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))
    return pool, processes
