"""Moments as people give them: a date, a date with a time, or an age such as ``7d``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Final

from kenning_lego.core.errors import ConfigurationError

_AGE: Final = re.compile(r"(\d{1,5})([hdw])")
_HOURS: Final = {"h": 1, "d": 24, "w": 168}
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_FORMS: Final = (
    "write a date such as 2026-11-01, with a time 2026-11-01T14:30, or an age: 12h, 7d, 4w"
)


def age(text: str) -> timedelta:
    """An age in hours, days or weeks, such as ``12h``.

    Raises:
        ConfigurationError: it is none.
    """
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise ConfigurationError(f"{text!r} is no age", "write hours, days or weeks: 12h, 7d, 4w")
    return timedelta(hours=int(match[1]) * _HOURS[match[2]])


def moment(text: str, now: datetime, *, end: bool = False) -> datetime:
    """The moment that is meant, in UTC.

    Args:
        text: a date, or a date with a time, in local time unless it says otherwise; or an age.
        now: from which ages count back; with a time zone.
        end: of a date, its last moment rather than its first.

    Raises:
        ConfigurationError: it is none of these.
    """
    text = text.strip()
    if _AGE.fullmatch(text):
        return now.astimezone(timezone.utc) - age(text)
    try:
        found = datetime.fromisoformat(text)
        if end and _DATE.fullmatch(text):
            found += timedelta(days=1, microseconds=-1)
        return found.astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(f"{text!r} is no moment", _FORMS) from error
