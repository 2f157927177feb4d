"""Put the target's part on a board over ssh: environment, keys and service, again and again.

Name the board first: kenning-lego deploy USER@BOARD. It needs nothing but an ssh server, a shell
and Python; see docs/how-to/deploy.md.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import current
from kenning_lego.deployment.bundle import make_bundle
from kenning_lego.deployment.deploy import deploy
from kenning_lego.deployment.ground import Service, Wish, is_version
from kenning_lego.deployment.host_keys import board_name
from kenning_lego.deployment.platforms import Libc, Platform, architecture, parse_version
from kenning_lego.deployment.remove import remove
from kenning_lego.deployment.request import Request
from kenning_lego.deployment.ssh_options import SshOptions, is_interactive
from kenning_lego.protocols.addresses import DEFAULT_PORT, normalise
from kenning_lego.protocols.key_files import default_directory
from kenning_lego.protocols.keys import check_name

_ANYWHERE = f"tcp://0.0.0.0:{DEFAULT_PORT}"


class DeployConfig(Component):
    """Where to, what and how."""

    board: str | None = None
    """The board as ssh takes it: user@host, or an alias of ~/.ssh/config."""
    port: int | None = Field(default=None, ge=1, le=65_535)
    """Port of its ssh server."""
    identity: Path | None = None
    """File of the private key for ssh."""
    ssh_option: tuple[str, ...] = ()
    """Options of ssh, NAME=VALUE each."""
    name: str | None = None
    """What to call the board here; by default its host name."""
    engine: Literal["onnxruntime", "tflite", "none"] | None = None
    """Engine to install; by default onnxruntime, or NVIDIA's where a Jetson has it."""
    python: str | None = None
    """The board's Python: a version such as 3.11, or a path; by default the newest."""
    directory: str = ""
    """Directory there; by default ~/.local/share/kenning-lego."""
    address: str = _ANYWHERE
    """Where the server listens."""
    service: bool = True
    """Have systemd keep it running, as a service of the user."""
    system: bool = False
    """As a service of the system instead, which takes root or sudo without a password."""
    offline: bool = False
    """The board has no index: gather its wheels here and send them."""
    wheels: Path | None = None
    """Directory to gather wheels from, instead of the index; with --offline."""
    bundle: Path | None = None
    """Send this bundle of wheels, which --bundle-only made."""
    bundle_only: Path | None = None
    """Only make a bundle in this directory: no board, but --arch and --python."""
    arch: str | None = None
    """Processor of the bundle's board, such as aarch64."""
    glibc: str | None = None
    """Version of its C library, such as 2.36."""
    musl: str | None = None
    """The same, where it is musl, as in Alpine."""
    key: str | None = None
    """Name of this host's key; by default the only one, made if there is none."""
    keys: Path | None = None
    """This host's directory of keys; by default the one of `kenning-lego keys`."""
    replace_key: bool = False
    """The board has a new key: forget the one that is kept for it here."""
    dry_run: bool = False
    """Only say what was found and what would be done."""
    remove: bool = False
    """Remove it from the board; keys and artifacts stay."""
    purge: bool = False
    """With --remove: keys and artifacts as well."""


def main(arguments: Sequence[str]) -> int:
    """Deploy, remove, or only make a bundle."""
    config = parse_configuration(
        DeployConfig,
        arguments,
        program="kenning-lego deploy",
        description=__doc__ or "",
        positional="board",
        common=(
            "board",
            "port",
            "identity",
            "name",
            "engine",
            "python",
            "address",
            "service",
            "offline",
            "bundle",
            "key",
            "dry-run",
            "remove",
        ),
        example="kenning-lego deploy pi@pi5.local",
    )
    from kenning_lego.scenarios.progress import make_console, waiting_on

    current().on_wait = waiting_on(make_console())
    if config.bundle_only is not None:
        _make_bundle(config, config.bundle_only)
        return 0
    if config.board is None:
        raise ConfigurationError("which board?", "kenning-lego deploy USER@BOARD")
    _refuse_contradictions(config)
    _work(config, config.board)
    return 0


def _refuse_contradictions(config: DeployConfig) -> None:
    if config.purge and not config.remove:
        raise ConfigurationError("--purge goes with --remove", "give both")
    if config.system and not config.service:
        raise ConfigurationError("--system and --no-service contradict", "give one of them")
    if config.wheels is not None and not config.offline:
        raise ConfigurationError("--wheels goes with --offline", "give both")
    if config.arch or config.glibc or config.musl:
        raise ConfigurationError(
            "--arch, --glibc and --musl describe a board that is not there",
            "give them with --bundle-only; a board says itself what it is",
        )


def _work(config: DeployConfig, board: str) -> None:
    options = SshOptions(
        board, config.port, config.identity, config.ssh_option, interactive=is_interactive()
    )
    service: Service = "system" if config.system else "user" if config.service else "none"
    request = Request(
        ssh=options,
        name=check_name(config.name or board_name(board)),
        wish=Wish(config.engine, config.python, service, config.offline),
        directory=config.directory,
        address=normalise(config.address),
        keys=(config.keys or default_directory()).absolute(),
        key=config.key,
        replace_key=config.replace_key,
        bundle=config.bundle,
        wheels=config.wheels,
    )
    if config.remove:
        remove(request, _say, purge=config.purge, dry_run=config.dry_run)
    else:
        deploy(request, _say, dry_run=config.dry_run)


def _make_bundle(config: DeployConfig, directory: Path) -> None:
    if config.board is not None:
        raise ConfigurationError("--bundle-only needs no board", "leave it out")
    if config.arch is None or config.python is None or not is_version(config.python):
        raise ConfigurationError(
            "a bundle is made for one kind of board", "give --arch aarch64 --python 3.11"
        )
    if (config.glibc is None) == (config.musl is None):
        raise ConfigurationError(
            "which C library?", "give --glibc 2.36 (`ldd --version` says it there), or --musl 1.2"
        )
    if config.musl is not None:
        libc = Libc("musl", parse_version(config.musl, "musl"))
    else:
        libc = Libc("glibc", parse_version(config.glibc or "", "glibc"))
    platform = Platform(architecture(config.arch), parse_version(config.python, "Python"), libc)
    engine = config.engine or "onnxruntime"
    with current().on_wait(f"gathering wheels for {platform}"):
        bundle = make_bundle(directory, platform, engine=engine, wheels=config.wheels)
    current().tell(
        f"{len(bundle.wheels)} wheels, {bundle.size / 1e6:.1f} MB, for {platform}",
        "with a board: kenning-lego deploy USER@BOARD --bundle DIRECTORY; by hand, on the board:\n"
        "  sha256sum -c SHA256SUMS && "
        f"pip install --no-index --find-links . '{bundle.requirement}'",
    )
    current().wrote("bundle", directory)


def _say(line: str) -> None:
    current().tell(line)


if __name__ == "__main__":
    sys.exit(run(main))
