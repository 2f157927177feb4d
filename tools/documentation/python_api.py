"""The page on the Python interface, which mkdocstrings fills from docstrings."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

import kenning_lego
from tools.documentation.markdown import page

PATH = "reference/python.md"

_GIVEN: Mapping[str, str] = {
    "what connect gives": "kenning_lego.protocols.client.TargetClient",
    "deployments of a target": "kenning_lego.protocols.deployments.Deployments",
    "what test and open_tested give": "kenning_lego.scenarios.online.tested.TestedNetwork",
    "what there is to choose from": "kenning_lego.selection.problem.Problem",
    "what select gives": "kenning_lego.selection.select.Selected",
    "what pareto_front gives": "kenning_lego.selection.front.Front",
}


def public_names() -> dict[str, str]:
    """Dotted path by public name, as the package's source tells type checkers."""
    tree = ast.parse(Path(kenning_lego.__file__).read_text(encoding="utf-8"))
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {
        name.asname: f"{node.module}.{name.name}"
        for node in imports
        for name in node.names
        if name.asname
    }


def content() -> str:
    """The public names of the package, then the types that they give."""
    public = [_directive(f"kl.{name}", path) for name, path in sorted(public_names().items())]
    given = [
        _directive(f"{path.rpartition('.')[2]}: {title}", path) for title, path in _GIVEN.items()
    ]
    return page(
        "Python",
        "```python\nimport kenning_lego as kl\n```",
        "These names are the public interface. Each is imported when it is used, so that a target "
        "loads nothing that only a host needs. What they raise is in the "
        "[exception tree](exit-codes.md#errors).",
        *public,
        *given,
    )


def _directive(heading: str, path: str) -> str:
    return f"::: {path}\n    options: {{heading: '{heading}', toc_label: '{heading}'}}"
