"""Durations and times as people and the ledger spell them. Pure text work."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?Z")


def read_duration(text: str) -> float | None:
    """``90s 30m 2h 1d`` in seconds; None when it is no duration."""
    match = _DURATION.fullmatch(text.strip())
    return float(match[1]) * _UNITS[match[2].lower()] if match else None


def read_time(text: str) -> datetime | None:
    """``2026-04-20T15:25Z`` (seconds allowed), UTC; None when it is no such time."""
    word = text.strip().upper()
    if not _TIME.fullmatch(word):
        return None
    try:
        return datetime.fromisoformat(word[:-1]).replace(tzinfo=UTC)
    except ValueError:
        return None


def stamp(moment: datetime) -> str:
    """The ledger's spelling: UTC with microseconds, ``2026-11-20T21:44:38.123456Z``."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def minute(moment: datetime) -> str:
    """The board's spelling of a past moment: ``2026-04-20T15:25Z``."""
    return moment.strftime("%Y-%m-%dT%H:%MZ")


def second_up(moment: datetime) -> str:
    """The board's spelling of a moment to wait for, never early: ``2026-04-20T15:25:31Z``."""
    if moment.microsecond:
        moment = moment.replace(microsecond=0) + timedelta(seconds=1)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def brief(seconds: float) -> str:
    """A length of time for people: ``4s``, ``12m``, ``3h 5m``, ``2d 4h``."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60}m"
    return f"{whole // 86400}d {whole % 86400 // 3600}h"
