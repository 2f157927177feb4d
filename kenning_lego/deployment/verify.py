"""Whether a server answers us, with both keys, as a tester would ask it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from kenning_lego.core.errors import TargetError, TargetUnreachableError
from kenning_lego.deployment.errors import BoardUnreachableError, DeploymentError
from kenning_lego.deployment.ssh import Ssh
from kenning_lego.protocols.client import connect
from kenning_lego.protocols.keys import KeyPair, PublicKey
from kenning_lego.protocols.results import Welcome

_ATTEMPT_S = 3.0
_PAUSE_S = 0.3
START_S = 30.0
"""How long a service may take to answer: small boards read Python from slow cards."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Both ends' keys.

    Args:
        own: this host's.
        server: the board's.
    """

    own: KeyPair
    server: PublicKey


@dataclass(frozen=True, slots=True)
class Answer:
    """A server answered.

    Args:
        welcome: what it said of itself.
        direct: whether it was reached at its address; else only through ssh.
    """

    welcome: Welcome
    direct: bool


def ask(address: str, keys: Keys) -> Welcome:
    """Greet the server at an address.

    Raises:
        TargetUnreachableError: it is not there, or does not admit us.
        TargetError: it went away, or falls silent.
    """
    client = connect(address, key=keys.own, server_key=keys.server, timeout_s=_ATTEMPT_S)
    with client as target:
        return target.greet(_ATTEMPT_S)


def wait_for(ssh: Ssh, address: str, port: int, keys: Keys) -> Answer:
    """Ask until the server answers, at its address or else through the ssh connection.

    Args:
        ssh: the connection to the board.
        address: where it should be reached.
        port: that it listens on there.
        keys: of both ends.

    Raises:
        DeploymentError: it did not answer in time.
    """
    deadline = time.monotonic() + START_S
    while True:
        try:
            # Through ssh first: whether it runs at all does not depend on the network.
            with ssh.tunnel(port) as local:
                welcome = ask(f"tcp://127.0.0.1:{local}", keys)
            break
        except (TargetUnreachableError, TargetError, BoardUnreachableError) as error:
            if time.monotonic() > deadline:
                # The tunnel hides why: it accepts, and then finds nothing at its other end.
                raise DeploymentError(
                    f"the server on {ssh.board} does not answer at its port {port} "
                    f"within {START_S:.0f} s",
                    "on the board, journalctl --user -u kenning-lego (or without --user) says why",
                ) from error
            time.sleep(_PAUSE_S)
    try:
        return Answer(ask(address, keys), direct=True)
    except (TargetUnreachableError, TargetError):
        return Answer(welcome, direct=False)
