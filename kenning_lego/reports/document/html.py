"""A report as one HTML page that needs nothing else: no network, and no script to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kenning_lego.core.errors import MissingDependencyError
from kenning_lego.reports.document.parts import Document

if TYPE_CHECKING:
    from jinja2 import Environment


def render_html(document: Document) -> str:
    """Render a report; the same report always gives the same page.

    Raises:
        MissingDependencyError: jinja2 is not installed.
    """
    return _templates().get_template("document.html.j2").render(document=document)


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
    # The name of a part's class chooses its macro.
    environment.filters["part"] = lambda part: type(part).__name__
    return environment
