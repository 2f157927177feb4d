"""A report as one HTML page that needs nothing else: no network, and no script to be read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kenning_lego.core.errors import MissingDependencyError
from kenning_lego.reports.document.parts import Document
from kenning_lego.reports.document.subjects import block_subject, row_anchor
from kenning_lego.reports.document.tables import Value
from kenning_lego.reports.formatting import NO_BREAK
from kenning_lego.reports.script.inline import page_script

if TYPE_CHECKING:
    from jinja2 import Environment


def render_html(document: Document) -> str:
    """Render a report; the same report always gives the same page.

    Raises:
        MissingDependencyError: jinja2 is not installed.
    """
    template = _templates().get_template("document.html.j2")
    return template.render(document=document, script=page_script())


def _templates() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError as error:
        raise MissingDependencyError("jinja2", "reports", "an HTML report") from error
    environment = Environment(
        loader=PackageLoader("kenning_lego.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        # The name of a part's class chooses its macro.
        "part": lambda part: type(part).__name__,
        "prose": _prose,
        "json": _json,
        "figures": _figures,
        "block_subject": block_subject,
        "row_anchor": row_anchor,
    }
    return environment


def _prose(text: str) -> str:
    """Running text; a figure and its per cent sign are never apart."""
    return text.replace(" %", f"{NO_BREAK}%")


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _figures(values: Iterable[tuple[str, Value]]) -> str:
    """What the page's script reads of a row; JSON has no infinities."""
    return _json(
        [
            None if isinstance(value, float) and not math.isfinite(value) else value
            for _, value in values
        ]
    )
