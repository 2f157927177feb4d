"""What a target's server lets hosts choose by name, and where its engines may keep files.

A host never names a file. Who starts the server says which libraries there are, as in
``edgetpu=libedgetpu.so.1``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.runtimes.plugins import OfferedRuntime

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
OWN_DELEGATES = ("xnnpack", "none")
"""Names that LiteRT's runtime gives a meaning to itself."""


@dataclass(frozen=True, slots=True)
class Delegate:
    """A LiteRT delegate in a shared library.

    Args:
        library: a path, or a name that the dynamic linker finds.
        settings: handed to the library as they are.
    """

    library: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offers:
    """What there is on a target beside its engines.

    Args:
        delegates: of LiteRT, by name.
        engine_cache: directory for engines that were built for this device; None builds them
            anew each time.
        runtimes: engines that other packages bring, by name.
    """

    delegates: Mapping[str, Delegate] = field(default_factory=dict)
    engine_cache: Path | None = None
    runtimes: Mapping[str, OfferedRuntime] = field(default_factory=dict)

    def delegate(self, name: str) -> Delegate:
        """The delegate of that name.

        Raises:
            UnknownNameError: the server does not offer it.
        """
        if name not in self.delegates:
            raise UnknownNameError(
                "delegate",
                name,
                (*OWN_DELEGATES, *self.delegates),
                "others are named when the target's server is started",
            )
        return self.delegates[name]

    def to_json(self) -> str:
        """As one argument of a process."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Offers:
        """Read what :meth:`to_json` wrote."""
        content = json.loads(text)
        cache = content["engine_cache"]
        return cls(
            {name: Delegate(**each) for name, each in content["delegates"].items()},
            Path(cache) if cache else None,
            {name: OfferedRuntime(**each) for name, each in content["runtimes"].items()},
        )


def parse_delegates(texts: Iterable[str]) -> dict[str, Delegate]:
    """Delegates as they are named on a command line: ``NAME=LIBRARY[,KEY=VALUE ...]``.

    Raises:
        ConfigurationError: a text is no such thing, or names one twice.
    """
    found: dict[str, Delegate] = {}
    for text in texts:
        name, _, rest = text.partition("=")
        library, *pairs = rest.split(",")
        settings = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        if not (_NAME.fullmatch(name) and library and len(settings) == len(pairs)):
            raise ConfigurationError(
                f"{text!r} names no delegate",
                "give NAME=LIBRARY or NAME=LIBRARY,KEY=VALUE, as in edgetpu=libedgetpu.so.1",
            )
        if name in found or name in OWN_DELEGATES:
            raise ConfigurationError(f"the delegate name {name!r} is taken", "choose another")
        found[name] = Delegate(library, settings)
    return found
