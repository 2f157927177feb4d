"""What a server needs to know, and its form on the command line of the server's process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kenning_lego.runtimes.offers import Offers
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.servers.limits import WorkerLimits


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What a server needs to know; checked where it was given.

    Args:
        address: ``tcp://HOST:PORT``; port 0 takes a free one.
        store: directory for artifacts; made if need be.
        store_bytes: how large it may grow.
        limits: what a worker may use.
        lease_timeout_s: a host that is silent for so long loses its lease to one that waits.
        telemetry_interval_s: between readings of the sensors under a lease; 0 for none.
        log_level: how much to log.
        log_json: as one JSON object a line.
        key: name of the server's own key; without one hosts speak unencrypted.
        keys: directory of keys.
        deployments: whether to start the deployments that were kept.
        videos: paths of videos by the names that hosts know them by.
        budgets: file of budgets to watch; None for none.
        budget_socket: Unix socket that takes budgets; None for none.
        adaptation: when deployments switch.
        kenning_tcp: ``HOST:PORT`` where Kenning's hosts are served; None for nowhere.
        kenning_tcp_open: whether that may be reachable from other machines, without keys.
        kenning_threads: threads that the engine may use for Kenning's hosts.
        offers: what hosts may choose by name, and where engines may be kept.
    """

    address: str
    store: Path
    store_bytes: int
    limits: WorkerLimits
    lease_timeout_s: float
    telemetry_interval_s: float
    log_level: str
    log_json: bool
    key: str | None
    keys: Path
    deployments: bool = True
    videos: Mapping[str, str] = field(default_factory=dict)
    budgets: Path | None = None
    budget_socket: Path | None = None
    adaptation: AdaptationSettings = AdaptationSettings()  # noqa: RUF009 - frozen
    kenning_tcp: str | None = None
    kenning_tcp_open: bool = False
    kenning_threads: int = 1
    offers: Offers = field(default_factory=Offers)

    def to_json(self) -> str:
        """As one argument."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> ServerOptions:
        """Read what :meth:`to_json` wrote."""
        fields = json.loads(text)
        fields["offers"] = Offers.from_json(json.dumps(fields["offers"]))
        fields["limits"] = WorkerLimits(**fields["limits"])
        fields["adaptation"] = AdaptationSettings(**fields["adaptation"])
        for name in ("store", "keys", "budgets", "budget_socket"):
            fields[name] = None if fields[name] is None else Path(fields[name])
        return cls(**fields)
