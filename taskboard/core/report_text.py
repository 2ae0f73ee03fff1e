"""A report where a program can only answer in text: all of it has to be the JSON object."""

from __future__ import annotations

import json
import re
from typing import Any

_FENCE = re.compile(r"```(?:json)?\s*\n(.*)\n```", re.DOTALL)


def report_in(text: str) -> dict[str, Any] | None:
    """The object that is the whole text, bare or in one code fence; None for anything else. Prose
    around it makes it no report: nobody guesses which part was meant."""
    body = text.strip()
    if fenced := _FENCE.fullmatch(body):
        body = fenced[1]
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
