"""New scenario files, each with its schema beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kenning_lego.core.configuration import Component
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.scenarios.describing.commented import commented_yaml, remarks
from kenning_lego.scenarios.describing.schema import as_text, is_ours, schema_of
from kenning_lego.scenarios.describing.verbs import VERBS


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario file to be.

    Args:
        verb: that runs it.
        config: what it says.
        only: dotted names of the settings to write; empty writes all.
        notes: remarks for its top.
    """

    verb: str
    config: Component
    only: Collection[str] = ()
    notes: Sequence[str] = ()

    @property
    def command(self) -> str:
        """That runs it, after ``kenning-lego``."""
        return VERBS[self.verb].command

    @property
    def schema_name(self) -> str:
        """Of the schema's file."""
        return f"kenning-lego-{self.verb}.schema.json"

    def text(self, name: str | None, *, schema: bool = False) -> str:
        """The file's content.

        Args:
            name: of the file; None if it has none.
            schema: whether the schema lies beside it.
        """
        head = [f"# yaml-language-server: $schema={self.schema_name}"] if schema else []
        rest = "" if not self.only else "These are the usual settings; "
        head += [
            f"# kenning-lego {self.command} {name or 'FILE.yaml'}",
            f"# {rest}`kenning-lego info {self.verb}` tells all of them. Each is a flag too.",
            *(line for note in self.notes for line in remarks(note)),
        ]
        return "\n".join(head) + "\n\n" + commented_yaml(self.config, self.only)

    def write(self, path: Path, *, schema: bool) -> Iterator[Path]:
        """Write the file, and the schema beside it; gives each that was written.

        Raises:
            ConfigurationError: the file exists, what is not our schema has its name, or the
                directory cannot be written to.
        """
        beside = path.with_name(self.schema_name)
        if schema and beside.exists() and not is_ours(_read(beside)):
            raise ConfigurationError(
                f"{beside} is something else than our schema",
                "move it, or write none with --no-schema",
            )
        try:
            # "x" refuses what is there, also what came there just now.
            with path.open("x", encoding="utf-8") as file:
                file.write(self.text(path.name, schema=schema))
            yield path
            if schema:
                content = as_text(schema_of(VERBS[self.verb].model, self.verb))
                beside.write_text(content, encoding="utf-8")
                yield beside
        except FileExistsError as error:
            raise ConfigurationError(f"{path} exists", "name another file") from error
        except OSError as error:
            raise ConfigurationError(
                f"cannot write {path}: {error.strerror}", "name a file in a directory that exists"
            ) from error


def new_scenario(verb: str, *, everything: bool) -> Scenario:
    """The scenario of a verb with its defaults.

    Args:
        verb: one that reads a file.
        everything: write all settings, not only the usual ones.
    """
    described = VERBS[verb]
    return Scenario(verb, described.beginning(), () if everything else described.usual)


def kenning_scenario(path: Path, *, everything: bool) -> tuple[Scenario, Sequence[str]]:
    """What a Kenning scenario says, and what was and was not taken over.

    Raises:
        ConfigurationError: it cannot be read, or nothing of it is known.
    """
    from kenning_lego.scenarios.describing.kenning import read_kenning

    found = read_kenning(path)
    usual = () if everything else (*VERBS["test"].usual, *found.settings)
    notes = [f"From the Kenning scenario {path.name}.", *found.notes]
    return Scenario("test", found.config, usual, notes), found.notes


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
