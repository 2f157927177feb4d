"""Start the inference server on the edge device."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from kenning_lego import __version__
from kenning_lego.core.configuration import Component
from kenning_lego.core.flags import parse_configuration
from kenning_lego.protocols.addresses import DEFAULT_ADDRESS
from kenning_lego.runtimes.lookup import installed_engines
from kenning_lego.scenarios.entry import run
from kenning_lego.servers.limits_config import WorkerLimitsConfig


def _default_store() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "kenning-lego" / "store"


class ServeConfig(Component):
    """What the server needs to know."""

    address: str = DEFAULT_ADDRESS
    """Where to listen: tcp://HOST:PORT on the loopback interface; port 0 takes a free one."""
    store: Path | None = None
    """Directory for uploaded artifacts; by default one below ~/.cache."""
    store_mb: float = Field(default=4000.0, gt=0)
    """How large that directory may grow; what was not used for longest makes room."""
    limits: WorkerLimitsConfig = WorkerLimitsConfig()
    """What a worker may use before the server ends it."""
    lease_timeout_s: float = Field(default=30.0, gt=0)
    """A host that is silent for so long, with nothing under way, yields to one that waits."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much to log to standard error."""


def _announce(address: str, store: Path) -> None:
    engines = ", ".join(f"{name} {version}" for name, version in installed_engines().items())
    print(f"kenning-lego {__version__} target listening on {address}")
    print(f"engines: {engines or 'none (pip install kenning-lego[onnxruntime])'}; store: {store}")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT."""
    config = parse_configuration(
        ServeConfig, arguments, program="kenning-lego serve", description=__doc__ or ""
    )
    logging.basicConfig(
        level=config.log_level.upper(), format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    from kenning_lego.servers.server import ServerOptions, TargetServer  # --help needs no sockets

    store = config.store or _default_store()
    options = ServerOptions(
        address=config.address,
        store=store,
        store_bytes=int(config.store_mb * 1e6),
        limits=config.limits.limits(),
        lease_timeout_s=config.lease_timeout_s,
    )
    server = TargetServer(options)
    server.serve(lambda: _announce(server.address, store))
    print("stopped")
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
