"""Write a scenario file with every setting explained, or turn a Kenning scenario into one of ours.

init [VERB] [FILE.yaml]                the usual settings of a verb, `test` if none is named
init --from-kenning SCENARIO [FILE]    what a Kenning scenario (JSON or YAML) says, as a `test`
A FILE of - is the terminal. Nothing is overwritten.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import current

_TERMINAL = "-"


class InitConfig(Component):
    """What to write, and where to."""

    names: tuple[str, ...] = Field(default=(), max_length=2)
    """The verb that the scenario is for, and the file to write, VERB.yaml if not given; - for the
    terminal."""
    all: bool = False
    """Write every parameter, not only those that people usually set."""
    schema_: bool = True
    """Also write the JSON schema, which editors check the file by, beside it."""
    from_kenning: Path | None = None
    """A Kenning scenario, JSON or YAML, to take over what is known of it."""


def main(arguments: Sequence[str]) -> int:
    """Write a scenario file.

    Raises:
        ConfigurationError: there is such a file, it cannot be written, or nothing of a Kenning
            scenario can be taken over.
        UnknownNameError: there is no such verb.
    """
    config = parse_configuration(
        InitConfig,
        arguments,
        program="kenning-lego init",
        description=__doc__ or "",
        positional="names",
        example="kenning-lego init test scenario.yaml",
    )
    from kenning_lego.scenarios.describing.writing import Scenario, kenning_scenario, new_scenario

    verb, file = _verb_and_file(config.names)
    if config.from_kenning is not None and verb != "test":
        raise ConfigurationError(
            f"a Kenning scenario becomes one of the verb test, not of {verb}", "name the file alone"
        )
    output = current()
    path = None if file == _TERMINAL else Path(file or f"{verb}.yaml")
    notes: Sequence[str] = ()
    if config.from_kenning is None:
        scenario: Scenario = new_scenario(verb, everything=config.all)
    else:
        scenario, notes = kenning_scenario(config.from_kenning, everything=config.all)
    if path is None:
        output.give(scenario.text(None).rstrip("\n"))
    else:
        for each in scenario.write(path, schema=config.schema_):
            output.wrote("written", each)
        output.tell(f"run it with: kenning-lego {scenario.command} {path}")
    if notes and path is not None:
        output.tell(*notes)
    elif notes:
        print(*notes, sep="\n", file=sys.stderr)
    output.figures(notes=list(notes))
    return 0


def _verb_and_file(names: Sequence[str]) -> tuple[str, str | None]:
    """From what was named, either or both, the verb first.

    Raises:
        UnknownNameError: the verb is none that reads a file.
    """
    from kenning_lego.scenarios.describing.verbs import VERBS

    verb, file = "test", None
    match names:
        case [one] if one == _TERMINAL or Path(one).suffix:
            file = one
        case [one]:
            verb = one
        case [one, other]:
            verb, file = one, other
    readers = [name for name, each in VERBS.items() if each.start is not None]
    if verb not in readers:
        raise UnknownNameError("verb with a scenario file", verb, readers)
    return verb, file


if __name__ == "__main__":
    sys.exit(run(main))
