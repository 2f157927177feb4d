"""Which deployments there are: those of their names, those on their way, those left on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from kenning_lego.core.deployment_records import DeploymentStatus
from kenning_lego.core.deployments import Deployment
from kenning_lego.protocols.codec import Frame
from kenning_lego.protocols.messages import Message
from kenning_lego.servers.deployments.deployed import Deployed

Answer = Callable[[Message, Sequence[Frame]], None]

_RUNNING = ("loading", "running", "restarting")


class Inventory:
    """All deployments of a target."""

    def __init__(self) -> None:
        self.deployed: dict[str, Deployed] = {}
        """Each is the one of its name."""
        self.coming: dict[str, tuple[Deployed, Answer]] = {}
        """Loaded for a host, to take that place; with the answer to the host."""
        self.aside: dict[str, Deployment] = {}
        """Kept on disk and not started."""

    def all(self) -> list[Deployed]:
        """Whatever may have a worker."""
        return [*self.deployed.values(), *(each for each, _ in self.coming.values())]

    def is_current(self, deployed: Deployed) -> bool:
        """Whether it is the one of its name."""
        return self.deployed.get(deployed.name) is deployed

    def others(self, name: str) -> int:
        """How many there are of other names."""
        return len({*self.deployed, *self.coming} - {name})

    def running(self) -> tuple[str, ...]:
        """Names of those that use the machine."""
        running = [each.name for each in self.deployed.values() if each.state in _RUNNING]
        return tuple(sorted({*running, *self.coming}))

    def statuses(self) -> tuple[DeploymentStatus, ...]:
        """How all are; of those on their way only what replaces nothing."""
        first = [each for each, _ in self.coming.values() if each.name not in self.deployed]
        return tuple(each.status() for each in (*self.deployed.values(), *first))

    def artifacts(self) -> frozenset[str]:
        """All that the store has to hold."""
        pinned: list[Iterable[str]] = [each.artifacts() for each in self.all()]
        pinned += [each.artifacts() for each in self.aside.values()]
        return frozenset().union(*pinned)

    def stop(self) -> None:
        """End all workers, and forget everything."""
        for deployed in self.all():
            deployed.stop()
        self.deployed.clear()
        self.coming.clear()
