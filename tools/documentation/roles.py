"""Docstrings' reST roles as Markdown, for the page on the Python interface."""

from __future__ import annotations

from typing import Any

from griffe import Extension, Object

from tools.documentation.markdown import from_docstring


class Roles(Extension):
    """Rewrites every docstring that is collected."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Turn roles and double backticks into code."""
        if obj.docstring is not None:
            obj.docstring.value = from_docstring(obj.docstring.value)
