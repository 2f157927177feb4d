"""Reaching the target that a configuration names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kenning_lego.core.engines import Engine
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.plans import TargetDescription
from kenning_lego.core.target import Target
from kenning_lego.protocols.client import TargetClient, connect
from kenning_lego.protocols.kenning_client import is_kenning_address
from kenning_lego.protocols.key_files import default_directory
from kenning_lego.protocols.keys import find_public, load_key
from kenning_lego.runtimes.offers import OWN_DELEGATES
from kenning_lego.scenarios.tester.configuration import IN_PROCESS, TargetConfig
from kenning_lego.servers.local import LocalTarget
from kenning_lego.store.artifacts import ArtifactStore


@contextmanager
def open_target(where: TargetConfig, artifacts: ArtifactStore) -> Iterator[Target]:
    """The target, until the end of the block.

    Args:
        where: it is.
        artifacts: the store of an in-process target.
    """
    if where.address == IN_PROCESS:
        with LocalTarget(artifacts) as local:
            yield local
        return
    with open_server(where) as remote:
        yield remote


@contextmanager
def open_server(where: TargetConfig) -> Iterator[TargetClient]:
    """The target's server, until the end of the block.

    Args:
        where: it is.

    Raises:
        ConfigurationError: it is no server of kenning-lego's.
        KenningLegoError: it cannot be reached, or a key is missing.
    """
    if where.address == IN_PROCESS:
        raise ConfigurationError(
            "pipelines are owned by a server, which this process is not",
            "start one with `kenning-lego serve` and name it with --target.address",
        )
    if is_kenning_address(where.address):
        raise ConfigurationError(
            f"{where.address} speaks Kenning's wire, which carries one model and no blocks",
            "start kenning-lego's own server on the board; whole models can be timed there "
            "with kenning_lego.servers.kenning_target.KenningTarget",
        )
    keys = where.keys or default_directory() if where.key or where.server_key else Path()
    own = load_key(where.key, keys) if where.key else None
    server = find_public(where.server_key, keys) if where.server_key else None
    with connect(where.address, key=own, server_key=server) as remote:
        yield remote


def check_engines(
    where: TargetConfig, engines: Iterable[Engine], description: TargetDescription, address: str
) -> None:
    """Make sure that the target has its engine and all further ones; see :func:`check_engine`.

    Args:
        where: the target.
        engines: further ones.
        description: of the target.
        address: of the target.

    Raises:
        ConfigurationError: it lacks one.
    """
    check_engine(where, description, address)
    for each in engines:
        update = {"runtime": each.runtime, "options": each.options}
        check_engine(where.model_copy(update=update), description, address)


def check_engine(where: TargetConfig, description: TargetDescription, address: str) -> None:
    """Make sure that the target has the engine, and the delegate that its options name.

    Raises:
        ConfigurationError: it has not.
    """
    runtime, delegate = where.runtime, where.options.get("delegate")
    if runtime not in description.engines:
        engines = ", ".join(description.engines) or "none"
        raise ConfigurationError(
            f"the target at {address} has no engine {runtime!r}; it has: {engines}",
            "install the engine there, or choose another with --target.runtime",
        )
    offered = (*OWN_DELEGATES, *description.delegates)
    if delegate is not None and delegate not in offered:
        raise ConfigurationError(
            f"the target at {address} offers no delegate {delegate!r}; "
            f"it knows: {', '.join(offered)}",
            f"start its server with --delegate {delegate}=LIBRARY, or choose another",
        )
