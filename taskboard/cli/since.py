"""``--since``: a moment as people say it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from taskboard.core.units import read_duration, read_time
from taskboard.errors import Usage

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_HOUR = re.compile(r"(\d{1,2}):(\d{2})")


def moment(text: str, now: datetime, command: str) -> datetime:
    """The moment that ``text`` means, UTC: a length of time before ``now`` (``8h``), a time in UTC
    (``2026-04-20T15:25Z``), a day or an hour by this machine's clock (``2026-04-20``, ``18:30``:
    the last one), ``today`` or ``yesterday``; ``now`` for what lies ahead. Raises ``Usage``."""
    word = text.strip()
    seconds = read_duration(word)
    try:
        found = now - timedelta(seconds=seconds) if seconds is not None else _named(word, now)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise Usage(
            f"`{word}` is no time.",
            hint=f"taskboard {command} --since 8h (or 2d, 18:30, yesterday, 2026-04-20, "
            "2026-04-20T15:25Z)",
        )
    return min(found, now)


def _named(word: str, now: datetime) -> datetime | None:
    here = now.astimezone()
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if word.casefold() in ("today", "yesterday"):
        day = midnight - timedelta(days=word.casefold() == "yesterday")
        return day.astimezone(UTC)
    if _DATE.fullmatch(word):
        return datetime.fromisoformat(word).astimezone(UTC)
    if hour := _HOUR.fullmatch(word):
        same_day = midnight.replace(hour=int(hour[1]), minute=int(hour[2])).astimezone(UTC)
        if same_day <= now:
            return same_day
        yesterday = midnight - timedelta(days=1)
        return yesterday.replace(hour=int(hour[1]), minute=int(hour[2])).astimezone(UTC)
    return read_time(word)
