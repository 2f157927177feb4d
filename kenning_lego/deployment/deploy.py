"""A deployment from beginning to end: look, decide, act, verify."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.deployment import host_keys
from kenning_lego.deployment.board import Board, probe
from kenning_lego.deployment.bundle import Bundle, load_bundle, make_bundle, make_core_bundle
from kenning_lego.deployment.errors import BoardUnfitError, DeploymentError
from kenning_lego.deployment.facts import BoardFacts
from kenning_lego.deployment.layout import Layout
from kenning_lego.deployment.plan import (
    Action,
    Goal,
    Ground,
    Service,
    Wish,
    check_bundle,
    check_space,
    find_ground,
    identity,
    is_version,
    make_plan,
    space_of,
)
from kenning_lego.deployment.service import serve_command, shell_line, unit
from kenning_lego.deployment.ssh import Ssh, SshOptions, connected
from kenning_lego.deployment.verify import Answer, Keys, ask, wait_for
from kenning_lego.protocols.addresses import is_loopback, parse
from kenning_lego.protocols.keys import KeyPair, PublicKey, parse_public

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What to deploy, where to and how.

    Args:
        ssh: how to reach the board.
        name: what this host calls the board.
        wish: of the installation.
        directory: on the board; empty for the default.
        address: where the server listens.
        keys: this host's directory of keys.
        key: name of this host's key; None for the only one.
        replace_key: whether another key may be kept for the board.
        bundle: a directory with a bundle to use.
        wheels: a directory of wheels to make the bundle from.
    """

    ssh: SshOptions
    name: str
    wish: Wish
    directory: str
    address: str
    keys: Path
    key: str | None
    replace_key: bool
    bundle: Path | None
    wheels: Path | None


def deploy(request: Request, say: Say, *, dry_run: bool = False) -> None:
    """Bring a board to what is wanted; what is so already is left alone.

    Args:
        request: what is wanted.
        say: told each step.
        dry_run: only say what was found and what would be done.

    Raises:
        UsageError: the board cannot be reached or lacks something; nothing was changed.
        DeploymentError: a step failed; what served there before still serves.
        TargetLostError: the connection broke; another run continues.
    """
    host_keys.check_free(request.keys, request.name)
    with connected(request.ssh) as ssh:
        facts = _look(ssh, request)
        for line in describe(facts):
            say(line)
        ground = find_ground(facts, request.wish)
        own = host_keys.own_key(request.keys, request.key, make=not dry_run)
        with _core_bundle(request, ground) as core:
            if request.bundle is not None:
                check_bundle(facts, ground, core)
            goal = _goal(request, facts, ground, core, own)
            plan = make_plan(facts, goal)
            say(_decision(ground, goal, plan))
            if dry_run or own is None:
                for action in plan:
                    say(f"  would {action.value}")
                return
            _Deployment(ssh, request, facts, ground, goal, own, say).carry_out(plan, core)


def remove(request: Request, say: Say, *, purge: bool, dry_run: bool = False) -> None:
    """Remove what was deployed; keys and artifacts stay unless `purge`.

    Raises:
        UsageError: the board cannot be reached, or removing takes root.
        DeploymentError: a step failed.
    """
    with connected(request.ssh) as ssh:
        facts = _look(ssh, request)
        for line in describe(facts):
            say(line)
        units = facts.own_units()
        leftover = facts.current or facts.environments or units
        if not leftover and not (purge and facts.installed):
            say("nothing to remove")
            return
        if "system" in units and not facts.root:
            raise BoardUnfitError(
                f"removing a system service takes root, and sudo asks {facts.user} for a password",
                "allow sudo without a password, or remove it as root",
            )
        what = "everything, with keys and artifacts" if purge else "all but keys and artifacts"
        if dry_run:
            say(f"would remove {what} below {facts.base}")
            return
        board = Board(ssh, facts)
        for service in ("user", "system"):
            if service in units:
                board.remove_service(service)
                say(f"  removed the {service} service")
        board.remove(purge=purge)
        say(f"  removed {what} below {facts.base}")
        if purge and facts.board_key:
            key = parse_public(facts.board_key, "the board's key")
            if host_keys.forget(request.keys, request.name, key):
                say(f"  removed {request.name}.pub here")


def describe(facts: BoardFacts) -> list[str]:
    """What was found, for people."""
    machine = facts.model or facts.machine
    memory = f", {facts.memory_bytes / 1e6:.0f} MB of memory" if facts.memory_bytes else ""
    pythons = ", ".join(f"{p.path} ({p.version[0]}.{p.version[1]})" for p in facts.pythons)
    there = facts.current or "nothing of ours"
    state = "".join(f", {kind} service {facts.services[kind]}" for kind in facts.own_units())
    free = f"{facts.free_bytes / 1e6:.0f} MB free"
    return [
        f"board: {machine}, {facts.release or facts.system}{memory}, {free}",
        f"Python: {pythons or 'none'}",
        f"systemd: {', '.join(sorted(facts.systemd)) or 'does not run'}",
        f"installed: {there}{state} in {facts.base}",
    ]


def _look(ssh: Ssh, request: Request) -> BoardFacts:
    python = request.wish.python or ""
    named = "" if is_version(python) else python
    return probe(ssh, directory=request.directory, python=named)


@contextlib.contextmanager
def _core_bundle(request: Request, ground: Ground) -> Iterator[Bundle]:
    """The bundle that was named, or one of kenning-lego and pip alone, which takes no time."""
    if request.bundle is not None:
        yield load_bundle(request.bundle)
        return
    with tempfile.TemporaryDirectory(prefix="kenning-lego-deploy-") as name:
        yield make_core_bundle(Path(name) / "core", engine=ground.engine)


def _goal(
    request: Request, facts: BoardFacts, ground: Ground, core: Bundle, own: KeyPair | None
) -> Goal:
    service = request.wish.service
    return Goal(
        identity=identity(core.version, core.own.sha256, ground),
        host_key="" if own is None else own.public,
        service=service,
        unit=unit(Layout(facts.base), request.address, service, facts.user),
    )


def _decision(ground: Ground, goal: Goal, plan: tuple[Action, ...]) -> str:
    if not plan:
        return f"nothing to do: {goal.identity} is installed and current"
    engine: str = ground.engine
    if ground.sees_system:
        engine = f"NVIDIA's onnxruntime-gpu {ground.python.gpu_engine} of the system"
    return f"installing {goal.identity} for {ground.python.path}, engine {engine}"


class _Deployment:
    """One deployment's steps, in order, and the way back."""

    def __init__(
        self,
        ssh: Ssh,
        request: Request,
        facts: BoardFacts,
        ground: Ground,
        goal: Goal,
        own: KeyPair,
        say: Say,
    ) -> None:
        self._ssh = ssh
        self._request = request
        self._facts = facts
        self._ground = ground
        self._goal = goal
        self._own = own
        self._say = say
        self._board = Board(ssh, facts, goal.identity)

    def carry_out(self, plan: tuple[Action, ...], core: Bundle) -> None:
        if Action.SEND in plan:
            with self._whole_bundle(core) as bundle:
                self._install(bundle)
        server_key = self._exchange_keys(plan)
        keys = Keys(self._own, server_key)
        if Action.TRY in plan:
            with self._timed("the new version serves"):
                self._try(keys)
            for finding in self._board.doctor():
                self._say(f"  doctor: {finding}")
        if Action.REMOVE_SERVICE in plan:
            for kind in self._facts.own_units():
                if kind != self._goal.service:
                    self._board.remove_service(_kind(kind))
                    self._say(f"  removed the {kind} service")
        answer = self._put_into_service(plan, keys)
        if Action.PRUNE in plan or Action.SEND in plan:
            for running in self._board.prune():
                self._say(f"  {running} stays: a server that was started by hand runs from it")
        self._tell(answer)

    @contextlib.contextmanager
    def _whole_bundle(self, core: Bundle) -> Iterator[Bundle]:
        """What is to be sent: all wheels if the board must do without an index."""
        made_here = self._request.bundle is None
        if not (made_here and self._request.wish.offline):
            yield core
            return
        platform = self._facts.platform(self._ground.python)
        with tempfile.TemporaryDirectory(prefix="kenning-lego-deploy-") as name:
            with self._timed(f"gathered wheels for {platform}"):
                bundle = make_bundle(
                    Path(name) / "bundle",
                    platform,
                    engine=self._ground.engine,
                    wheels=self._request.wheels,
                )
            yield bundle

    def _install(self, bundle: Bundle) -> None:
        offline = bundle.platform is not None
        check_space(self._facts, *space_of(bundle, self._ground.engine))
        begin = time.monotonic()
        sent = self._board.send(bundle)
        self._done(f"sent {sent / 1e6:.1f} of {bundle.size / 1e6:.1f} MB", begin)
        source = "what was sent" if offline else "the board's index"
        self._say(f"  installing from {source} (minutes on a small board) ...")
        with self._timed("installed"):
            self._board.install(bundle, self._ground, offline=offline)

    def _exchange_keys(self, plan: tuple[Action, ...]) -> PublicKey:
        if Action.MAKE_KEY in plan:
            server_key = self._board.make_key()
            self._say(f"  made the board's key {server_key.fingerprint}")
        else:
            server_key = parse_public(self._facts.board_key, "the board's key")
        request = self._request
        if host_keys.keep(request.keys, request.name, server_key, replace=request.replace_key):
            self._say(f"  kept it here as {request.keys / f'{request.name}.pub'}")
        if Action.AUTHORISE in plan:
            self._board.authorise(self._own.shareable)
            self._say(f"  authorised this host's key {self._own.name}")
        return server_key

    def _try(self, keys: Keys) -> None:
        try:
            with self._board.trial() as port:
                ask(f"tcp://127.0.0.1:{port}", keys)
        except DeploymentError:
            self._board.distrust()
            raise

    def _put_into_service(self, plan: tuple[Action, ...], keys: Keys) -> Answer | None:
        """Switch over and see that the server answers; otherwise go back."""
        service = self._goal.service
        try:
            if Action.WRITE_UNIT in plan:
                self._board.write_unit(service, self._goal.unit)
                self._say(f"  wrote the unit of the {service} service")
            if Action.SWITCH in plan:
                self._board.switch(self._goal.identity)
                self._say(f"  {self._goal.identity} is current")
            if Action.START in plan:
                lingers = self._board.start(service)
                self._say(f"  started the {service} service")
                if not lingers:
                    self._say(
                        "  it ends with your last login there: on the board, "
                        f"sudo loginctl enable-linger {self._facts.user}"
                    )
            if service == "none":
                return None
            _, port = parse(self._request.address)
            return wait_for(self._ssh, self._address(), port, keys)
        except DeploymentError as error:
            raise self._back(error, plan) from error

    def _back(self, error: KenningLegoError, plan: tuple[Action, ...]) -> DeploymentError:
        """Put the former version into service again, if there was one."""
        service = self._goal.service
        log = self._board.log(service) if service != "none" else ""
        said = f"{error.problem}; its log: {log}" if log else error.problem
        former = self._facts.current
        if not former or former not in self._facts.environments:
            if Action.START in plan:
                self._board.stop(service)
            return DeploymentError(said, error.remedy)
        if Action.SWITCH in plan:
            self._board.switch(former)
            self._board.distrust()
        if Action.WRITE_UNIT in plan and service in self._facts.own_units():
            self._board.write_unit(service, self._facts.units[service])
        if Action.START in plan:
            self._board.start(service)
        return DeploymentError(f"{said}; {former} is current again", error.remedy)

    def _address(self) -> str:
        """Where hosts reach the server."""
        host, port = parse(self._request.address)
        if not is_loopback(host):
            host = self._ssh.address()
            host = f"[{host}]" if ":" in host else host
        return f"tcp://{host}:{port}"

    def _tell(self, answer: Answer | None) -> None:
        _, port = parse(self._request.address)
        address = self._address()
        if answer is None:
            words = serve_command(self._board.layout, self._request.address)
            self._say(f"start the server there with\n  {shell_line(words)}")
        else:
            engines = ", ".join(
                f"{name} {version}" for name, version in answer.welcome.description.engines.items()
            )
            version = answer.welcome.software
            self._say(f"kenning-lego {version} answers, engines: {engines or 'none'}")
            if not answer.direct:
                self._say(
                    f"not at {address}, though; a firewall? through ssh it does:\n"
                    f"  ssh -N -L {port}:127.0.0.1:{port} {self._ssh.board}"
                )
                address = f"tcp://127.0.0.1:{port}"
        self._say(
            "measure on it with\n"
            f"  kenning-lego test SCENARIO.yaml --target.address {address} "
            f"--target.key {self._own.name} --target.server-key {self._request.name}"
        )

    @contextlib.contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        begin = time.monotonic()
        yield
        self._done(what, begin)

    def _done(self, what: str, begin: float) -> None:
        self._say(f"  {what} ({time.monotonic() - begin:.1f} s)")


def _kind(text: str) -> Service:
    return "system" if text == "system" else "user"
