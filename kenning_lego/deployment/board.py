"""The steps on a board, each by one script over ssh."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.deployment import scripts
from kenning_lego.deployment.bundle import Bundle
from kenning_lego.deployment.errors import DeploymentError
from kenning_lego.deployment.facts import BoardFacts, probe_script, read_facts
from kenning_lego.deployment.ground import Ground, Service
from kenning_lego.deployment.layout import KEY, UNIT, Layout
from kenning_lego.deployment.ssh import Ssh, last_line
from kenning_lego.protocols.keys import PublicKey, parse_public

_SYSTEM_UNIT_PATH = f"/etc/systemd/system/{UNIT}"
_SHOWN = ("problem", "improve")


def probe(ssh: Ssh, *, directory: str, python: str) -> BoardFacts:
    """What is found on a board; changes nothing.

    Args:
        ssh: the connection to it.
        directory: for everything; empty for the default, relative to the user's home.
        python: path or name of the one Python to look at; empty for all usual ones.
    """
    variables = {"directory": directory, "python": python}
    return read_facts(_checked(ssh, "look at it", probe_script(), variables))


class Board:
    """A board to deploy to.

    Args:
        ssh: the connection to it.
        facts: what was found there.
        identity: of the version to deploy.
    """

    def __init__(self, ssh: Ssh, facts: BoardFacts, identity: str = "") -> None:
        self.layout = Layout(facts.base)
        self._ssh = ssh
        self._facts = facts
        self._identity = identity
        self._variables = {
            "base": facts.base,
            "identity": identity,
            "environment": self.layout.environment(identity),
            "wheels": self.layout.wheels(identity),
            "keys": self.layout.keys,
            "key": KEY,
            "name": UNIT,
        }

    def send(self, bundle: Bundle) -> int:
        """Send the wheels that are not there yet; how many bytes were sent."""
        there = self._run("prepare for wheels", scripts.PREPARE_WHEELS, sums=_sums(bundle))
        missing = [wheel for wheel in bundle.wheels if wheel.name not in there.split()]
        for wheel in missing:
            target = f"{self.layout.wheels(self._identity)}/{wheel.name}"
            self._ssh.send(bundle.directory / wheel.name, target)
        return sum(wheel.size for wheel in missing)

    def install(self, bundle: Bundle, ground: Ground, *, offline: bool) -> None:
        """Make the environment; on failure nothing is left of it."""
        self._run(
            "install",
            scripts.INSTALL,
            sums=_sums(bundle),
            python=ground.python.path,
            pip=bundle.pip.name,
            own=bundle.own.name,
            extra="" if bundle.engine == "none" else f"[{bundle.engine}]",
            index="--no-index" if offline else "",
            system="--system-site-packages" if ground.sees_system else "",
        )

    def make_key(self) -> PublicKey:
        """Make the server's key, if it is not there; its public half."""
        made = self._run("make a key", scripts.MAKE_KEY)
        return parse_public(made, f"the server's key on {self._ssh.board}")

    def authorise(self, host: PublicKey) -> None:
        """Have the server admit a host."""
        self._run("authorise this host", scripts.AUTHORISE, line=host.line)

    def switch(self, identity: str) -> None:
        """Make a version the current one, in one step."""
        environment = self.layout.environment(identity)
        self._run("switch", scripts.SWITCH, identity=identity, environment=environment)

    def prune(self) -> list[str]:
        """Remove all versions but ours, and the wheels; those that stay, as they are running."""
        return self._run("remove older versions", scripts.PRUNE).split()

    def distrust(self) -> None:
        """Have our version installed anew the next time."""
        self._run("mark the version", scripts.FORGET_TRIAL)

    def write_unit(self, service: Service, text: str) -> None:
        """Write the service's unit."""
        path = self._unit_path(service)
        self._run("write the unit", scripts.WRITE_UNIT, service=service, path=path, unit=text)

    def start(self, service: Service) -> bool:
        """Restart the service, and have it start at boot; whether it outlives the login."""
        said = self._run("start the service", scripts.START, service=service)
        return "no-linger" not in said.split()

    def stop(self, service: Service) -> None:
        """Stop the service, and do not start it at boot."""
        self._run("stop the service", scripts.STOP, service=service)

    def remove_service(self, service: Service) -> None:
        """Stop the service and remove its unit."""
        path = self._unit_path(service)
        self._run("remove the service", scripts.REMOVE_SERVICE, service=service, path=path)

    def log(self, service: Service) -> str:
        """The last lines of the service's log, as far as they can be read."""
        variables = {**self._variables, "service": service}
        return self._ssh.run(scripts.LOG, variables).text.strip()

    def remove(self, *, purge: bool) -> None:
        """Remove all versions; with `purge`, keys and artifacts as well."""
        self._run("remove it", scripts.REMOVE, purge="yes" if purge else "no")

    def doctor(self) -> list[str]:
        """What the board's doctor finds that calls for something; empty without a doctor."""
        found = self._ssh.run(scripts.DOCTOR, self._variables)
        try:
            findings = json.loads(found.text)["findings"] if found.text.strip() else []
            return [_shown(each) for each in findings if each["severity"] in _SHOWN]
        except (ValueError, KeyError, TypeError):
            return [f"the doctor there says nothing that can be read: {last_line(found.errors)}"]

    @contextlib.contextmanager
    def trial(self) -> Iterator[int]:
        """A server of our version for a while; the local port that leads to it.

        Raises:
            DeploymentError: it does not start.
        """
        with self._ssh.background(scripts.TRY, self._variables) as lines:
            said: list[str] = []
            for line in lines:
                said.append(line)
                if "listening on tcp://" in line:
                    break
            else:
                raise DeploymentError(
                    f"the new version does not serve on {self._ssh.board}: "
                    f"{last_line(''.join(said))}",
                    "what ran there before is untouched",
                )
            with self._ssh.tunnel(int(line.rpartition(":")[2])) as port:
                yield port

    def _unit_path(self, service: Service) -> str:
        return self._facts.user_unit_path if service == "user" else _SYSTEM_UNIT_PATH

    def _run(self, what: str, script: str, **variables: str) -> str:
        return _checked(self._ssh, what, script, {**self._variables, **variables})


def _checked(ssh: Ssh, what: str, script: str, variables: Mapping[str, str]) -> str:
    done = ssh.run(script, variables)
    if done.code != 0:
        raise _failed(ssh.board, what, done.errors)
    return done.text


def _failed(board: str, what: str, errors: str) -> KenningLegoError:
    if "No space left on device" in errors or "Disk quota exceeded" in errors:
        return DeploymentError(
            f"the disk of {board} is full: cannot {what}", "free some space, and run it again"
        )
    said = [line for line in errors.splitlines() if line.lower().startswith("error:")]
    reason = said[0][len("error:") :].strip() if said else last_line(errors)
    return DeploymentError(f"cannot {what} on {board}: {reason}", "correct that, and run it again")


def _shown(finding: Mapping[str, str]) -> str:
    remedy = finding.get("remedy", "")
    return f"{finding['what']}" + (f" -> {remedy}" if remedy else "")


def _sums(bundle: Bundle) -> str:
    return "".join(f"{wheel.sha256}  {wheel.name}\n" for wheel in bundle.wheels)
