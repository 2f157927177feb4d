"""Say what a verb or a component is: its parameters with types, units, defaults and choices.

`kenning-lego info test --schema` prints the JSON schema of the verb's scenario files, for editors.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import current
from kenning_lego.core.terminals import text_width
from kenning_lego.scenarios.describing import text
from kenning_lego.scenarios.describing.announced import opened
from kenning_lego.scenarios.describing.components import Listed, all_components
from kenning_lego.scenarios.describing.schema import as_text, schema_of
from kenning_lego.scenarios.describing.verbs import VERBS
from kenning_lego.scenarios.verbs import VERBS as PURPOSES


class InfoConfig(Component):
    """What to tell of."""

    name: str = ""
    """A verb, or a component that `kenning-lego list` names."""
    kind: str | None = None
    """Where several have one name: verb, or a component's kind."""
    schema_: bool = False
    """Print the JSON schema of the parameters."""


def main(arguments: Sequence[str]) -> int:
    """Print what is known of a name.

    Raises:
        ConfigurationError: no name is given, nothing has it, or there is no schema.
    """
    config = parse_configuration(
        InfoConfig,
        arguments,
        program="kenning-lego info",
        description=__doc__ or "",
        positional="name",
        example="kenning-lego info test",
    )
    if not config.name:
        raise ConfigurationError("what about?", "name a verb, or what `kenning-lego list` shows")
    wants_verb = config.name in PURPOSES and config.kind in (None, "verb")
    found = [] if config.kind == "verb" else _components(config)
    if not wants_verb and not found:
        raise _unknown(config, PURPOSES)
    output = current()
    if config.schema_:
        if output.mode.json:
            raise ConfigurationError("--json and --schema are two forms", "give one")
        output.give(_schema(config.name, found, wants_verb=wants_verb).rstrip("\n"))
    else:
        output.answer([*(_verb_json(config.name) if wants_verb else ()), *map(_json, found)])
        output.give("\n\n".join(_pages(config.name, found, wants_verb=wants_verb)))
    return 0


def _unknown(config: InfoConfig, verbs: Collection[str]) -> ConfigurationError:
    """There are too many names to list them all."""
    kinds = {each.kind: None for each in all_components()}
    if config.kind not in (None, "verb", *kinds):
        return ConfigurationError(
            f"unknown kind {config.kind!r}", f"known: verb, {', '.join(kinds)}"
        )
    names = {*verbs, *(each.name for each in all_components())}
    near = difflib.get_close_matches(config.name, names, n=1)
    hint = f"did you mean {near[0]!r}?; " if near else ""
    return ConfigurationError(
        f"unknown {config.kind or 'verb or component'} {config.name!r}",
        f"{hint}kenning-lego --help lists the verbs, kenning-lego list the components",
    )


def _components(config: InfoConfig) -> list[Listed]:
    return [
        opened(each)
        for each in all_components()
        if each.name == config.name and config.kind in (None, each.kind)
    ]


def _pages(name: str, found: Sequence[Listed], *, wants_verb: bool) -> Iterator[str]:
    width = text_width()
    if wants_verb:
        described = VERBS.get(name)
        model = described.model if described else None
        command = described.command if described else name
        yield text.verb(name, PURPOSES[name][1], command, model, width)
    for each in found:
        yield text.component(each, width)


def _verb_json(name: str) -> Iterator[dict[str, Any]]:
    described = VERBS.get(name)
    parameters = text.tree(described.model) if described else ()
    yield {
        "kind": "verb",
        "name": name,
        "summary": PURPOSES[name][1],
        "parameters": [text.to_json(path, each) for path, each in parameters],
    }


def _json(listed: Listed) -> dict[str, Any]:
    parameters = [text.to_json(each.name, each) for each in listed.parameters]
    arguments = [
        {"name": each.name, "meaning": each.meaning, "default": each.default}
        for each in listed.arguments
    ]
    return {**listed.to_json(), "parameters": [*parameters, *arguments]}


def _schema(name: str, found: Sequence[Listed], *, wants_verb: bool) -> str:
    models = [each.model for each in found if each.model is not None]
    if wants_verb and name in VERBS:
        models = [VERBS[name].model]
    if not models:
        raise ConfigurationError(
            f"{name} has no configuration of its own, so there is no schema",
            "kenning-lego info VERB --schema, such as of test",
        )
    if len(models) > 1:
        kinds = ", ".join(each.kind for each in found)
        raise ConfigurationError(f"several are called {name}: {kinds}", "choose one with --kind")
    return as_text(schema_of(models[0], name))


if __name__ == "__main__":
    sys.exit(run(main))
