"""What a board says of itself: the answers of ``probe.sh``, read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.deployment.errors import DeploymentError
from kenning_lego.deployment.platforms import Libc, Platform, architecture, parse_version

_PYTHON_FIELDS = 8


@dataclass(frozen=True, slots=True)
class BoardPython:
    """A Python on the board.

    Args:
        path: of its program.
        version: major and minor.
        implementation: such as ``CPython``.
        bits: of its pointers.
        libc: as ``glibc 2.36``; empty where it cannot tell.
        has_venv: whether its module venv is there.
        gpu_engine: version of NVIDIA's ONNX Runtime in its site-packages; empty without.
        real_path: its program behind all links.
    """

    path: str
    version: tuple[int, int]
    implementation: str
    bits: int
    libc: str
    has_venv: bool
    gpu_engine: str
    real_path: str


@dataclass(frozen=True, slots=True)
class BoardFacts:
    """What was found on a board.

    Args:
        user: whom we are there.
        uid: of that user.
        base: the directory for everything, absolute.
        machine: the kernel's name for its processor.
        system: the kernel's name.
        release: the distribution; may be empty.
        model: the board; may be empty.
        memory_bytes: that it has; 0 if not known.
        free_bytes: on the file system of `base`.
        writable: whether `base` can be written or made.
        tools: of those that we look for.
        pythons: each once.
        ldd: what ldd says of itself.
        systemd: which of its instances run: ``user``, ``system``.
        linger: whether the user's services outlive the login; None if not known.
        root: how to become root without being asked: ``itself``, ``sudo`` or empty.
        current: identity of the version in use; empty without.
        environments: identities of those that are whole.
        installed: whether there is anything of ours.
        board_key: the file of the server's public key; empty without.
        authorised: the file of the hosts that it admits.
        user_unit_path: where the user's unit belongs.
        units: text of the units of our name, by ``user`` and ``system``.
        services: their state in systemd's words, likewise.
    """

    user: str
    uid: int
    base: str
    machine: str
    system: str
    release: str
    model: str
    memory_bytes: int
    free_bytes: int
    writable: bool
    tools: frozenset[str]
    pythons: tuple[BoardPython, ...]
    ldd: str
    systemd: frozenset[str]
    linger: bool | None
    root: str
    current: str
    environments: tuple[str, ...]
    installed: bool
    board_key: str
    authorised: str
    user_unit_path: str
    units: Mapping[str, str]
    services: Mapping[str, str]

    def own_units(self) -> dict[str, str]:
        """The units that start what lies below `base`; others are not ours to touch."""
        return {kind: text for kind, text in self.units.items() if f"{self.base}/" in text}

    def platform(self, python: BoardPython) -> Platform:
        """What wheels for one of its Pythons must fit.

        Raises:
            ConfigurationError: none are made for it.
        """
        libc = _libc(python.libc) or _libc(self.ldd)
        if libc is None:
            raise ConfigurationError(
                "the board's C library is neither glibc nor musl", "install without --offline"
            )
        return Platform(architecture(self.machine, python.bits), python.version, libc)


def probe_script() -> str:
    """The script that a board answers; its variables are `directory` and `python`."""
    return resources.files("kenning_lego.deployment").joinpath("probe.sh").read_text()


def read_facts(text: str) -> BoardFacts:
    """Read what the probe printed.

    Raises:
        DeploymentError: it is not what the probe prints.
    """
    rows = [line.partition("\t")[::2] for line in text.split("\n") if "\t" in line]
    try:
        return _facts(_Answers(rows))
    except (KeyError, ValueError) as error:
        raise DeploymentError(
            f"the board answered the probe with something else: {error}",
            "is /bin/sh there a POSIX shell?",
        ) from error


class _Answers:
    def __init__(self, rows: Sequence[tuple[str, str]]) -> None:
        self._rows = rows

    def all(self, name: str) -> list[str]:
        return [value for key, value in self._rows if key == name]

    def one(self, name: str, default: str | None = None) -> str:
        found = self.all(name)
        if not found and default is None:
            raise KeyError(name)
        return found[0].strip() if found else default or ""

    def number(self, name: str) -> int:
        text = self.one(name, "")
        return int(text) if text else 0

    def file(self, name: str) -> str:
        return "".join(f"{line}\n" for line in self.all(name))


def _facts(answers: _Answers) -> BoardFacts:
    answers.one("end")  # else the probe broke off
    linger = answers.one("linger", "")
    kinds = ("user", "system")
    return BoardFacts(
        user=answers.one("user"),
        uid=int(answers.one("uid")),
        base=answers.one("base"),
        machine=answers.one("machine"),
        system=answers.one("system"),
        release=answers.one("release", ""),
        model=answers.one("model", ""),
        memory_bytes=answers.number("memory_kb") * 1024,
        free_bytes=answers.number("free_kb") * 1024,
        writable=bool(answers.all("writable")),
        tools=frozenset(answers.all("tool")),
        pythons=_pythons(answers.all("python")),
        ldd=answers.one("ldd", ""),
        systemd=frozenset(answers.all("systemd")),
        linger={"yes": True, "no": False}.get(linger),
        root=answers.one("root", ""),
        current=answers.one("current", ""),
        environments=tuple(answers.all("environment")),
        installed=bool(answers.all("installed")),
        board_key=answers.file("board_key"),
        authorised=answers.file("authorised"),
        user_unit_path=answers.one("user_unit_path"),
        units={kind: answers.file(f"{kind}_unit") for kind in kinds if answers.all(f"{kind}_unit")},
        services={kind: answers.one(f"{kind}_service", "") for kind in kinds},
    )


def _pythons(rows: Sequence[str]) -> tuple[BoardPython, ...]:
    found: dict[str, BoardPython] = {}
    for row in rows:
        parts = row.split("|")
        if len(parts) != _PYTHON_FIELDS:  # a program of that name which is no Python
            continue
        path, version, implementation, bits, libc, venv, gpu, real = parts
        python = BoardPython(
            path, parse_version(version, "Python"), implementation, int(bits), libc.strip(),
            venv == "yes", gpu, real,
        )  # fmt: skip
        found.setdefault(real, python)
    return tuple(found.values())


def _libc(text: str) -> Libc | None:
    musl = re.search(r"musl.*?Version (\d+\.\d+)", text, re.DOTALL)
    if musl:
        return Libc("musl", parse_version(musl[1], "musl"))
    glibc = re.search(r"(?:glibc|GLIBC|GNU libc)\D*(\d+\.\d+)", text)
    return Libc("glibc", parse_version(glibc[1], "glibc")) if glibc else None
