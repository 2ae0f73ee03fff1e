"""Rough counts of tokens: steady and monotonic, not exact."""

from __future__ import annotations

import json
from typing import Any

BYTES_PER_TOKEN = 3.5


def count(found: Any) -> int:
    """Tokens of text or of anything JSON can hold. Nothing is 0; anything else at least 1."""
    if found in (None, "", (), [], {}):
        return 0
    said = found if isinstance(found, str) else canonical(found)
    return max(1, round(len(said.encode("utf-8", "surrogatepass")) / BYTES_PER_TOKEN))


def canonical(found: Any) -> str:
    """JSON that is the same for the same value."""
    return json.dumps(found, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
