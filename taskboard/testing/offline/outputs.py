"""What programs wrap round the output of their tools, taken off."""

from __future__ import annotations

import json
import re

_FAILURES = re.compile(
    r"exited with code [1-9]|exit code: [1-9]|script failed|\A\s*error|\A\s*<tool_use_error>",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^\s*\d+\s?[\t→|:]\s?")
_LONGEST = 120


def bare(said: str) -> str:
    """The output itself: codex puts a few lines before it and JSON around it."""
    _, marker, behind = said.partition("\nOutput:\n")
    found = _object(behind if marker else said)
    texts = [found.get(name) for name in ("output", "content", "text", "result")]
    return next((t for t in texts if isinstance(t, str)), behind if marker else said)


def failed(said: str) -> bool:
    """Whether an answer says that its call failed, for programs that have no flag for it."""
    front, marker, behind = said.partition("\nOutput:\n")
    found = _object(behind if marker else said)
    code = found.get("exit_code", 0)
    return bool(_FAILURES.search(front[:400])) or "error" in found or code != 0


def first_line(said: str) -> str:
    """The first line of a file in what a tool says of it, without a line number."""
    for line in bare(said).splitlines():
        plain = _NUMBER.sub("", line).strip()
        if plain and not plain.startswith("<"):
            return plain[:_LONGEST]
    return ""


def _object(said: str) -> dict[str, object]:
    if not said.lstrip().startswith("{"):
        return {}
    try:
        found = json.loads(said)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
