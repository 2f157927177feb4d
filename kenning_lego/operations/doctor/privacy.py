"""Taking out what is nobody else's business: home directories, this machine's and user's names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

Clean = Callable[[str], str]

_ANY_HOME = re.compile(r"(?<![\w~])/(?:root|home/[^/\s'\":,]+)(?=[/\s'\":,)]|$)")
_MOUNTED = re.compile(r"(?<=/media/)[^/\s'\":,]+")
"""Disks are mounted below their user's name."""
_SHORTEST_NAME = 3
"""Shorter names would be found in other words."""
_COMMON = frozenset(
    [
        "admin",
        "board",
        "debian",
        "jetson",
        "localhost",
        "nvidia",
        "odroid",
        "orangepi",
        "pi",
        "radxa",
        "raspberrypi",
        "rock",
        "root",
        "ubuntu",
        "user",
    ]
)
"""Names that tell nothing of who or where."""

T = TypeVar("T")


def cleaner(*, home: Path | None, names: Mapping[str, str]) -> Clean:
    """A function that makes text fit to be shown to strangers.

    Args:
        home: shown as ``~``.
        names: what to show instead, by name, such as ``{"my-laptop": "HOST"}``.
    """
    told = {
        name: instead
        for name, instead in names.items()
        if len(name) >= _SHORTEST_NAME and name.lower() not in _COMMON
    }
    words = re.compile("|".join(rf"(?<![\w.-]){re.escape(name)}(?![\w-])" for name in told))

    def clean(text: str) -> str:
        if home is not None and home != Path("/"):
            text = re.sub(rf"{re.escape(str(home))}(?=[/\s'\":,)]|$)", "~", text)
        text = _MOUNTED.sub("~", _ANY_HOME.sub("~", text))
        return words.sub(lambda found: told[found.group()], text) if told else text

    return clean


def cleaner_for_here() -> Clean:
    """The one for this user on this machine."""
    try:
        home: Path | None = Path.home()
    except RuntimeError:  # as for some services
        home = None
    names = {os.uname().nodename: "HOST", os.uname().nodename.split(".")[0]: "HOST"}
    names |= {os.environ.get(name, ""): "USER" for name in ("USER", "LOGNAME", "SUDO_USER")}
    return cleaner(home=home, names=names)


def cleaned(value: T, clean: Clean) -> T:
    """The same JSON value with every text in it cleaned; keys are ours and stay."""
    if isinstance(value, str):
        return clean(value)  # type: ignore[return-value]
    if isinstance(value, dict):
        return {key: cleaned(each, clean) for key, each in value.items()}  # type: ignore[return-value]
    if isinstance(value, list | tuple):
        return [cleaned(each, clean) for each in value]  # type: ignore[return-value]
    return value
