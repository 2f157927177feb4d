"""What wheels must fit: a board's processor, Python and C library, as pip's platform tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kenning_lego.core.errors import ConfigurationError

OLDEST_PYTHON = (3, 10)

# Names that the same instruction set goes by: uname's, Debian's, Docker's.
_ARCHITECTURES = {
    "aarch64": "aarch64",
    "arm64": "aarch64",
    "x86_64": "x86_64",
    "amd64": "x86_64",
    "armv7l": "armv7l",
    "armhf": "armv7l",
    "riscv64": "riscv64",
    "ppc64le": "ppc64le",
    "i686": "i686",
    "i386": "i686",
}
# What a 32-bit Python runs on that stands on a 64-bit kernel, as on some Raspberry Pi images.
_HALVES = {"aarch64": "armv7l", "x86_64": "i686"}

# The older names of some glibc versions, PEP 571, 599 and 513.
_LEGACY = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_OLDEST_GLIBC = {"x86_64": (2, 5), "i686": (2, 5)}
_OLDEST_GLIBC_ELSEWHERE = (2, 17)

_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\D.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Libc:
    """A C library.

    Args:
        kind: which one.
        version: major and minor.
    """

    kind: Literal["glibc", "musl"]
    version: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.kind} {dotted(self.version)}"


@dataclass(frozen=True, slots=True)
class Platform:
    """What wheels must fit; CPython on Linux.

    Args:
        architecture: of the Python, not of the kernel, as :func:`architecture` spells it.
        python: major and minor version.
        libc: that the Python is linked to.
    """

    architecture: str
    python: tuple[int, int]
    libc: Libc

    def __str__(self) -> str:
        return f"Python {dotted(self.python)} on {self.architecture}, {self.libc}"

    @property
    def abi(self) -> str:
        """As in the names of wheels, such as ``cp311``."""
        return f"cp{self.python[0]}{self.python[1]}"

    @property
    def tags(self) -> tuple[str, ...]:
        """Platform tags that fit, the most specific first (PEP 600, PEP 656)."""
        return (*self._library_tags(), f"linux_{self.architecture}")

    def _library_tags(self) -> Iterator[str]:
        major, minor = self.libc.version
        if self.libc.kind == "musl":
            for older in range(minor, -1, -1):
                yield f"musllinux_{major}_{older}_{self.architecture}"
            return
        oldest = _OLDEST_GLIBC.get(self.architecture, _OLDEST_GLIBC_ELSEWHERE)
        for older in range(minor, oldest[1] - 1, -1):
            yield f"manylinux_{major}_{older}_{self.architecture}"
            if (major, older) in _LEGACY:
                yield f"{_LEGACY[major, older]}_{self.architecture}"

    def markers(self) -> dict[str, str]:
        """The environment in which requirements' markers are to be read (PEP 508)."""
        version = dotted(self.python)
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{version}.0",
            "os_name": "posix",
            "platform_machine": self.architecture,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{version}.0",
            "python_version": version,
            "sys_platform": "linux",
        }


def architecture(machine: str, bits: int = 64) -> str:
    """How wheels name a processor.

    Args:
        machine: as uname, Debian or Docker name it.
        bits: of the Python's pointers, where that is known.

    Raises:
        ConfigurationError: no wheels are made for it.
    """
    found = _ARCHITECTURES.get(machine.strip().lower())
    if found is None:
        known = ", ".join(sorted(set(_ARCHITECTURES.values())))
        raise ConfigurationError(f"no wheels are made for {machine!r}", f"known: {known}")
    return _HALVES.get(found, found) if bits == 32 else found


def parse_version(text: str, what: str) -> tuple[int, int]:
    """Major and minor of a version; what follows them is ignored.

    Raises:
        ConfigurationError: it does not begin with two numbers.
    """
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        raise ConfigurationError(f"{text!r} is not a version of {what}", "write it as 3.11")
    return int(match[1]), int(match[2])


def dotted(version: tuple[int, int]) -> str:
    """A version as people write it."""
    return f"{version[0]}.{version[1]}"
