"""A page for each verb of the command: what it is for, and every flag."""

from __future__ import annotations

import importlib
import inspect
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout, suppress
from itertools import groupby
from typing import cast

from pydantic import BaseModel

from kenning_lego.cli import dispatch
from kenning_lego.core.lookup import find_callable
from kenning_lego.core.output import FLAGS
from kenning_lego.core.parameters import parameters_of
from kenning_lego.scenarios.describing.verbs import ACTIONS
from kenning_lego.scenarios.describing.verbs import VERBS as DESCRIBED
from kenning_lego.scenarios.verbs import GROUPS, VERBS
from tools.documentation.markdown import definition, from_docstring, page
from tools.documentation.settings import Setting, described, settings_of

DIRECTORY = "reference/commands"
_COLUMNS = re.compile(r"\S {3,}\S")

_COMPONENT_PAGES: Mapping[str, str] = {
    "dataset": "dataset",
    "compiler": "compiler",
    "frames": "frames",
}
"""Kind of component that the alternatives of a group are, by the group."""


def pages() -> Iterator[tuple[str, str]]:
    """Path in the documentation and content of each page."""
    yield f"{DIRECTORY}/index.md", _index()
    for verb in VERBS:
        yield f"{DIRECTORY}/{verb}.md", _verb_page(verb)


def navigation() -> list[str | dict[str, str]]:
    """The pages, in the groups' order."""
    return [f"{DIRECTORY}/index.md", *({verb: f"{DIRECTORY}/{verb}.md"} for verb in VERBS)]


def _index() -> str:
    groups = []
    for title, verbs in GROUPS.items():
        rows = [f"* [`{verb}`]({verb}.md): {purpose}" for verb, (_, purpose) in verbs.items()]
        groups.append("\n".join([f"## {title.capitalize()}", "", *rows]))
    return page(
        "Commands",
        "`kenning-lego VERB`, or `python -m kenning_lego.scenarios.MODULE`. A setting is a flag on "
        "the command line and a key in a scenario's YAML file: `--target.threads 4` is "
        "`target: {threads: 4}`. Flags override the file. What a verb ends with is said by its "
        "[exit code](../exit-codes.md).",
        "A list takes several values (`--blocks.ratios 0.0 0.4`), a switch has its opposite "
        "(`--strict`, `--no-strict`), and an entry of a mapping is named in the flag "
        "(`--target.options.provider xnnpack`).",
        "Every verb takes these as well:",
        "".join(definition(flag, "", meaning) for flag, meaning in FLAGS.items()),
        *groups,
    )


def _verb_page(verb: str) -> str:
    module, _ = VERBS[verb]
    text = inspect.getdoc(importlib.import_module(f"kenning_lego.scenarios.{module}")) or ""
    parts = [_prose(text), f"The same as `python -m kenning_lego.scenarios.{module}`."]
    if actions := ACTIONS.get(verb):
        for action, path in actions.items():
            model = cast("type[BaseModel]", find_callable(f"kenning_lego.scenarios.{path}"))
            parts += [f"## {verb} {action}", usage([verb, action]), *_flags(model, 3)]
    elif verb in DESCRIBED:
        described_verb = DESCRIBED[verb]
        parts += [usage([verb])]
        if described_verb.start is not None:
            parts.append(
                f"`kenning-lego init {verb} FILE.yaml` writes a commented file of these settings."
            )
        parts += ["## Settings", *_flags(described_verb.model, 3)]
    else:
        parts.append(f"```text\n{help_of([verb])}\n```")
    return page(f"kenning-lego {verb}", *parts)


def help_of(command: Sequence[str]) -> str:
    """What ``--help-all`` prints."""
    out = io.StringIO()
    with redirect_stdout(out), suppress(SystemExit):
        dispatch([*command, "--help-all"])
    return out.getvalue().strip()


def usage(command: Sequence[str]) -> str:
    """How the command is called and an example, from its help."""
    text = help_of(command)
    lines = [text.partition("\n")[0].removeprefix("usage: ")]
    lines += [f"{each}  # for example" for each in re.findall(r"(?m)^example: (.*)$", text)]
    return f"```sh\n{chr(10).join(lines)}\n```"


def _prose(text: str) -> str:
    """A module's docstring; what is laid out in columns stays so."""
    return "\n\n".join(
        f"```text\n{each}\n```" if _COLUMNS.search(each) else from_docstring(each)
        for each in text.split("\n\n")
    )


def _flags(model: type[BaseModel], level: int) -> Iterator[str]:
    """The flags of a configuration: those at the top, then each group under a heading."""
    settings = list(settings_of(model))
    yield "".join(_entry(each) for each in settings if not each.group)
    meanings = {each.name: each.meaning for each in parameters_of(model)}
    grouped = [each for each in settings if each.group]
    for group, members in groupby(grouped, key=lambda each: each.group):
        yield f"{'#' * level} {group}\n\n{from_docstring(meanings[group])}"
        yield from _group(group, list(members))


def _group(group: str, members: Sequence[Setting]) -> Iterator[str]:
    yield "".join(_entry(each) for each in members if not each.of)
    if any(each.of for each in members):
        told = (
            f"[{group}](../components/{_COMPONENT_PAGES[group]}.md)"
            if group in _COMPONENT_PAGES
            else group
        )
        yield f"What each type takes is told with the {told}; here it is a flag too:"
        kinds = groupby((each for each in members if each.of), key=lambda each: each.of)
        yield "\n".join(
            f"* `{kind}`: " + ", ".join(f"`{each.flag}`" for each in of_kind)
            for kind, of_kind in kinds
        )


def _entry(setting: Setting) -> str:
    return described(setting.flag, setting.parameter)
