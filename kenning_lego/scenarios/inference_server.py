"""Start the inference server on the edge device."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from kenning_lego.core.configuration import Component
from kenning_lego.core.deployments import name_problem
from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import current
from kenning_lego.protocols.addresses import DEFAULT_ADDRESS
from kenning_lego.protocols.key_files import default_directory
from kenning_lego.runtimes.offers import Delegate, Offers, parse_delegates
from kenning_lego.runtimes.plugins import chosen_runtimes
from kenning_lego.servers.child import child_environment
from kenning_lego.servers.deployments.adaptation_config import AdaptationConfig
from kenning_lego.servers.limits_config import WorkerLimitsConfig
from kenning_lego.servers.options import ServerOptions


class ServeConfig(Component):
    """What the server needs to know."""

    address: str = DEFAULT_ADDRESS
    """Where to listen: tcp://HOST:PORT; port 0 is a free one. Beyond loopback only with a key."""
    key: str | None = None
    """Name of the server's key: hosts must then speak encrypted and be authorised."""
    keys: Path | None = None
    """Directory of the keys; by default the one of `kenning-lego keys`."""
    store: Path | None = None
    """Directory for uploaded artifacts; by default one below ~/.cache."""
    store_mb: float = Field(default=4000.0, gt=0)
    """How large that directory may grow; what was not used for longest makes room."""
    limits: WorkerLimitsConfig = WorkerLimitsConfig()
    """What a worker may use before the server ends it."""
    lease_timeout_s: float = Field(default=30.0, gt=0)
    """A host that is silent for so long, with nothing under way, yields to one that waits."""
    telemetry_interval: float = Field(default=1.0, ge=0, le=3600)
    """Seconds between readings of the sensors while a host has the lease; 0 reads none."""
    deployments: bool = True
    """Start the deployments that ran when the server was stopped; --no-deployments starts none."""
    video: tuple[str, ...] = ()
    """NAME=PATH of a video that deployments may name as the source of their frames."""
    budgets: Path | None = None
    """File of budgets for deployments, watched while it serves: see docs/how-to/deployments.md."""
    budget_socket: Path | None = None
    """Unix socket to make, which takes such budgets, one JSON object a line."""
    adaptation: AdaptationConfig = AdaptationConfig()
    """When deployments that adapt go over to another configuration."""
    delegate: tuple[str, ...] = ()
    """NAME=LIBRARY[,KEY=VALUE...] of a LiteRT delegate that hosts may choose by its name."""
    engine_cache: Path | None = None
    """Directory for engines built for this device, such as TensorRT's; by default none are kept."""
    plugin: tuple[str, ...] = ()
    """Names of engines that other installed packages announce, and that hosts may choose."""
    kenning_tcp: str | None = None
    """Also serve hosts that speak Kenning's wire, at HOST:PORT; its own port is 12345."""
    kenning_tcp_open: bool = False
    """Let --kenning-tcp listen beyond loopback, without keys: for networks of trusted people."""
    kenning_threads: int = Field(default=1, ge=1)
    """Threads that the engine may use for hosts that speak Kenning's wire, which cannot say."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much to log to standard error."""
    log_json: bool = False
    """Log one JSON object a line, for collectors."""

    def options(self) -> ServerOptions:
        """The same, with the defaults of this machine."""
        return ServerOptions(
            address=self.address,
            store=(self.store or default_store()).absolute(),
            store_bytes=int(self.store_mb * 1e6),
            limits=self.limits.limits(),
            lease_timeout_s=self.lease_timeout_s,
            telemetry_interval_s=self.telemetry_interval,
            log_level=self.log_level,
            log_json=self.log_json,
            key=self.key,
            keys=_keys_directory(self) if self.key else Path(),
            deployments=self.deployments,
            videos=dict(map(_video, self.video)),
            budgets=self.budgets and self.budgets.absolute(),
            budget_socket=self.budget_socket and self.budget_socket.absolute(),
            adaptation=self.adaptation.settings(),
            kenning_tcp=self.kenning_tcp,
            kenning_tcp_open=self.kenning_tcp_open,
            kenning_threads=self.kenning_threads,
            offers=Offers(
                {name: _findable(each) for name, each in parse_delegates(self.delegate).items()},
                self.engine_cache and self.engine_cache.absolute(),
                chosen_runtimes(self.plugin),
            ),
        )


def main(arguments: Sequence[str]) -> int:
    """Check the flags, then become the server's process."""
    config = parse_configuration(
        ServeConfig,
        arguments,
        program="kenning-lego serve",
        description=__doc__ or "",
        file="YAML file with the same settings; flags override it",
        common=(
            "address",
            "key",
            "keys",
            "store",
            "store-mb",
            "telemetry-interval",
            "deployments",
            "video",
            "budgets",
            "delegate",
            "kenning-tcp",
            "log-level",
            "log-json",
        ),
        example="kenning-lego serve --address tcp://0.0.0.0:5570 --key pi",
    )
    if current().mode.json or current().mode.quiet:
        raise ConfigurationError(
            "a server has no results to print", "give --log-json, or --log-level error"
        )
    command = [sys.executable, "-m", "kenning_lego.servers", config.options().to_json()]
    sys.stdout.flush()
    os.chdir("/")  # where no module lies that `-m` could take for one of ours
    os.execve(sys.executable, command, child_environment())  # noqa: S606 - no shell


def _video(text: str) -> tuple[str, str]:
    name, _, path = text.partition("=")
    if name_problem(name) or not Path(path).is_file():
        raise ConfigurationError(
            f"--video {text} is not NAME=PATH of a file",
            "give a name of letters, digits, dots, dashes or underscores, such as door=door.mp4",
        )
    return name, str(Path(path).absolute())


def _findable(delegate: Delegate) -> Delegate:
    """With its path from the root: workers run elsewhere. A bare name is the linker's to find."""
    if os.sep not in delegate.library:
        return delegate
    path = Path(delegate.library).absolute()
    if not path.is_file():
        raise ConfigurationError(
            f"--delegate names {delegate.library}, which is not there",
            "check the path, or give the bare name of a library that is installed",
        )
    return replace(delegate, library=str(path))


def _keys_directory(config: ServeConfig) -> Path:
    return (config.keys or default_directory()).absolute()


def default_store() -> Path:
    """Where artifacts are kept: kenning-lego/store in ``$XDG_CACHE_HOME`` or ``~/.cache``.

    Raises:
        ConfigurationError: there is no home directory.
    """
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        return Path(base).expanduser() / "kenning-lego" / "store"
    except RuntimeError as error:  # as for some services
        raise ConfigurationError(
            "this user has no home directory to keep artifacts in", "name one with --store"
        ) from error


if __name__ == "__main__":
    raise SystemExit(run(main))
