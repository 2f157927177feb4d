"""A deployment's steps in order, and the way back."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.core.output import current
from kenning_lego.deployment import host_keys
from kenning_lego.deployment.board import Board
from kenning_lego.deployment.bundle import Bundle, make_bundle
from kenning_lego.deployment.errors import DeploymentError
from kenning_lego.deployment.facts import BoardFacts
from kenning_lego.deployment.ground import Ground, Service, check_space, space_of
from kenning_lego.deployment.plan import Action, Goal
from kenning_lego.deployment.request import Request, Say
from kenning_lego.deployment.service import serve_command, shell_line
from kenning_lego.deployment.ssh import Ssh
from kenning_lego.deployment.verify import Answer, Keys, ask, wait_for
from kenning_lego.protocols.addresses import is_loopback, parse
from kenning_lego.protocols.keys import KeyPair, PublicKey, parse_public


class Deployment:
    """One deployment.

    Args:
        ssh: the connection to the board.
        request: what was asked.
        facts: what was found there.
        ground: what it builds on.
        goal: how the board shall be.
        own: this host's key.
        say: told each step.
    """

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
        """Do all steps of a plan.

        Args:
            plan: the steps.
            core: the bundle that was named, or one of kenning-lego and pip alone.

        Raises:
            DeploymentError: one failed; what served before still serves.
            TargetLostError: the connection broke.
        """
        if Action.SEND in plan:
            with self._whole_bundle(core) as bundle:
                self._install(bundle)
        server_key = self._exchange_keys(plan)
        keys = Keys(self._own, server_key)
        if Action.TRY in plan:
            trying = current().on_wait("trying the new version")
            with self._timed("the new version serves"), trying:
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
            gathering = current().on_wait(f"gathering wheels for {platform}")
            with self._timed(f"gathered wheels for {platform}"), gathering:
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
        with current().on_wait("sending the wheels"):
            sent = self._board.send(bundle)
        self._done(f"sent {sent / 1e6:.1f} of {bundle.size / 1e6:.1f} MB", begin)
        source = "what was sent" if offline else "the board's index"
        self._say(f"  installing from {source} (minutes on a small board) ...")
        with self._timed("installed"), current().on_wait("installing"):
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
