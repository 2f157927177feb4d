"""What can stand on a command line: verbs, their flags, and the flags' values."""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kenning_lego.core.entry import Main
from kenning_lego.core.flag_table import Flag
from kenning_lego.core.flags import HelpShown
from kenning_lego.core.help import Interface
from kenning_lego.core.output import FLAGS
from kenning_lego.scenarios.describing.components import KINDS, all_components
from kenning_lego.scenarios.describing.verbs import VERBS as DESCRIBED
from kenning_lego.scenarios.verbs import VERBS

ACTIONS = "ACTIONS"
"""What a verb's module calls its sub-verbs."""


@dataclass(frozen=True, slots=True)
class Option:
    """A flag as a shell completes it.

    Args:
        name: with its dashes.
        about: what it is for, in one line.
        values: that there are; empty if they cannot be listed.
        files: whether a file or directory is named.
        bare: whether nothing follows it.
        many: whether several values may follow it.
    """

    name: str
    about: str
    values: tuple[str, ...] = ()
    files: bool = False
    bare: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A verb, or a sub-verb.

    Args:
        words: of it, such as ``("blocks", "make")``.
        options: its flags.
        values: that may stand without a flag.
        files: whether a file or directory may stand so.
    """

    words: tuple[str, ...]
    options: tuple[Option, ...]
    values: tuple[str, ...]
    files: bool

    @property
    def key(self) -> str:
        """Its words in one."""
        return " ".join(self.words)


def purposes() -> dict[str, str]:
    """What each verb is for."""
    return {verb: purpose for verb, (_, purpose) in VERBS.items()}


def actions() -> dict[str, tuple[str, ...]]:
    """The sub-verbs of the verbs that have some."""
    found = {verb: tuple(_actions_of(verb)) for verb in VERBS}
    return {verb: names for verb, names in found.items() if names}


def commands() -> Iterator[Command]:
    """All verbs and sub-verbs, each as its own ``--help`` has it."""
    known = _known_values()
    for verb, (module, _) in VERBS.items():
        mains = _actions_of(verb)
        if not mains:
            main: Main = importlib.import_module(f"kenning_lego.scenarios.{module}").main
            yield _command((verb,), _interface_of(main), known)
        for action, main in mains.items():
            yield _command((verb, action), _interface_of(main), known)


def _actions_of(verb: str) -> Mapping[str, Main]:
    module = importlib.import_module(f"kenning_lego.scenarios.{VERBS[verb][0]}")
    found: Mapping[str, Main] = getattr(module, ACTIONS, {})
    return found


def _interface_of(main: Main) -> Interface:
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            main(["--help"])
        except HelpShown as shown:
            return shown.interface
    raise TypeError(f"{main.__module__} has a --help of its own")


def _command(words: tuple[str, ...], interface: Interface, known: Mapping[str, Any]) -> Command:
    options = [_option(flag, known) for flag in interface.flags]
    options += [
        Option(f"--no-{flag.key}", f"not: {_about(flag)}", bare=True)
        for flag in interface.flags
        if flag.shape == "switch"
    ]
    options += [Option(name, about, bare=True) for name, about in FLAGS.items()]
    options += [Option("--help", "the most used flags", bare=True)]
    options += [Option("--help-all", "all flags", bare=True)]
    bare = next((each for each in interface.flags if each.key == interface.positional), None)
    values = known.get(f"{' '.join(words)} {interface.positional or ''}", ())
    if bare is not None and not values:
        values = _option(bare, known).values
    # Several words are runs' directories or files where it is not known what else they may be.
    listed = bare is not None and bare.shape == "list" and not values
    files = interface.file is not None or listed or (bare is not None and bare.takes_path)
    return Command(words, tuple(options), tuple(values), files)


def _option(flag: Flag, known: Mapping[str, Any]) -> Option:
    return Option(
        flag.name,
        _about(flag),
        flag.choices or tuple(known.get(flag.key, ())),
        flag.takes_path,
        flag.shape == "switch",
        flag.shape in ("list", "components"),
    )


def _about(flag: Flag) -> str:
    return " ".join(flag.meaning.split()).split(". ", 1)[0].rstrip(".")


def _known_values() -> dict[str, tuple[str, ...]]:
    """Names by the flag, or by verb and argument, that takes them."""
    found: dict[str, list[str]] = {}
    components = all_components()
    for each in components:
        found.setdefault(each.where.replace("_", "-"), []).append(each.name)
    engines = found.get("target.runtime", [])
    networks = found.get("model.name", [])
    names = sorted({*VERBS, *(each.name for each in components)})
    readers = [verb for verb, each in DESCRIBED.items() if each.start is not None]
    return {
        **{key: tuple(values) for key, values in found.items()},
        "runtimes": tuple(engines),
        "models": tuple(networks),
        "kind": ("verb", *KINDS),
        "list kinds": tuple(KINDS),
        "info name": tuple(names),
        "init names": tuple(readers),
        "blocks make ": tuple(networks),
    }
