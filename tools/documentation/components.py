"""A page for each kind of component: what there is, and its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kenning_lego.compilers.base import Compiler
from kenning_lego.scenarios.describing.components import KINDS, Listed
from kenning_lego.scenarios.describing.sources import Argument
from tools.documentation.markdown import definition, from_docstring, page, table
from tools.documentation.settings import described, settings_of

DIRECTORY = "reference/components"

TITLES: Mapping[str, str] = {
    "network": "Networks",
    "dataset": "Datasets",
    "metric": "Metrics",
    "variants": "Makers of variants",
    "executor": "Executors",
    "compiler": "Compilers",
    "runtime": "Engines",
    "frames": "Sources of frames",
}
"""By kind; another kind is called by its own name."""

_BASE = frozenset({"", "host"})
"""Extras that need no mention: who tests has the host's."""

_MANY = frozenset({"network"})
"""Kinds of which there are so many, with few arguments, that a table tells more than sections."""


def pages() -> Iterator[tuple[str, str]]:
    """Path in the documentation and content of each page."""
    yield f"{DIRECTORY}/index.md", _index()
    for kind in KINDS:
        yield f"{DIRECTORY}/{kind}.md", _kind_page(kind)


def navigation() -> list[str | dict[str, str]]:
    """The pages, in the order in which a scenario meets the kinds."""
    kinds = [{_title(kind): f"{DIRECTORY}/{kind}.md"} for kind in KINDS]
    return [f"{DIRECTORY}/index.md", *kinds]


def ours(kind: str) -> list[Listed]:
    """The components of a kind that come with kenning-lego, wherever the site is built."""
    return [each for each in KINDS[kind]() if not each.origin]


def _index() -> str:
    rows = [
        f"* [{_title(kind)}]({kind}.md): `{where}`"
        for kind in KINDS
        if (where := next((each.where for each in ours(kind)), ""))
    ]
    return page(
        "Components",
        "What a scenario can name. `kenning-lego list` shows what is installed on a machine, and "
        "what other packages bring; `kenning-lego info NAME` tells the same as these pages.",
        "\n".join(rows),
    )


def _kind_page(kind: str) -> str:
    found = ours(kind)
    where = found[0].where if found else kind
    parts = [part for each in found for part in _component(each)]
    return page(
        _title(kind),
        f"Named in a scenario as `{where}: NAME`, on the command line as "
        f"`--{where.replace('_', '-')} NAME`.",
        *([_table(found)] if kind in _MANY else parts),
    )


def _table(found: Sequence[Listed]) -> str:
    rows = ((f"`{each.name}`", from_docstring(each.summary), _signature(each)) for each in found)
    listed = table(("name", "what it is", "arguments"), rows)
    return f"{listed}\n`kenning-lego info NAME` says what the arguments mean."


def _signature(listed: Listed) -> str:
    return ", ".join(
        f"`{each.name}`" if each.default is None else f"`{each.name}={each.default}`"
        for each in listed.arguments
    )


def _component(listed: Listed) -> Iterator[str]:
    yield f"## {listed.name}"
    extra = listed.extra
    if listed.model is not None and issubclass(listed.model, Compiler):
        extra = listed.model.extra  # it is told where the packages are installed too
    needs = f" Installed by `pip install 'kenning-lego[{extra}]'`." if extra not in _BASE else ""
    yield from_docstring(listed.summary) + needs
    if listed.model is not None:
        settings = (each for each in settings_of(listed.model) if each.path != "type")
        yield "".join(described(each.path, each.parameter) for each in settings)
    else:
        yield "".join(described(each.name, each) for each in listed.parameters)
        yield "".join(map(_argument, listed.arguments))


def _argument(argument: Argument) -> str:
    default = argument.default
    facts = "*required*" if default is None else f"*default* `{default}`"
    return definition(
        argument.name,
        "" if default in ("", "None") else facts,
        argument.meaning[:1].upper() + argument.meaning[1:],
    )


def _title(kind: str) -> str:
    return TITLES.get(kind, kind.capitalize())
