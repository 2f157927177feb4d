"""Verbs of several actions, such as ``kenning-lego results list``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kenning_lego.core.entry import Main
from kenning_lego.core.errors import UnknownNameError
from kenning_lego.core.output import ASKED, current


def run_action(
    verb: str, purpose: str, actions: Mapping[str, Main], arguments: Sequence[str]
) -> int:
    """Run the action that the first argument names, or list them where it asks for help.

    Args:
        verb: whose actions they are.
        purpose: of the verb, in a line or more.
        actions: by name; their docstrings say what they do.
        arguments: behind the verb.

    Returns:
        The exit code.

    Raises:
        UnknownNameError: there is no such action.
    """
    action, *rest = arguments or ["--help"]
    if action in ASKED:
        current().give(_help(verb, purpose, actions))
        return 0
    if action not in actions:
        hint = f"kenning-lego {verb} --help lists them"
        raise UnknownNameError("action", action, actions, hint)
    return actions[action](rest)


def _help(verb: str, purpose: str, actions: Mapping[str, Main]) -> str:
    rows = [f"  {name:<10} {action.__doc__}" for name, action in actions.items()]
    usage, more = f"usage: kenning-lego {verb} ACTION [...]", f"kenning-lego {verb} ACTION --help"
    return "\n".join([usage, "", purpose.strip(), "", *rows, "", f"{more} says more."])
