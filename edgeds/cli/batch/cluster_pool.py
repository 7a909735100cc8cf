"""Commands of edgeds on the machines of a Ray cluster. Knows nothing about clips."""

from __future__ import annotations

from concurrent.futures import Future

from edgeds.cli.batch.cluster import Cluster
from edgeds.cli.batch.processes import Command, Outcome, run_command
from edgeds.types import Closing


class ClusterPool(Closing):
    """As many commands at a time as the cluster has cores for."""

    def __init__(self, address: str, *, cpus: int, gpus: float, retries: int) -> None:
        """
        Raises:
            InputError: Ray is not installed, or nothing answers at the address.
        """
        self._cluster = Cluster(address, cpus=cpus, gpus=gpus, retries=retries)
        self.slots = self._cluster.slots
        self.where = f"{self.slots} at a time on {self._cluster.nodes} nodes of a Ray cluster"

    def submit(self, command: Command) -> Future[Outcome]:
        return self._cluster.submit(run_command, command)

    def close(self) -> None:
        self._cluster.close()
