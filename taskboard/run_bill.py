"""What a step of a run has used up to now, on disk while it works: whoever ends the run, in this
process or after its death, can put it into the ledger."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from taskboard.core.bill import NOTHING, Bill

NAME = "bill.json"
"""The file in the step's folder."""

LONGEST = 1 << 20
"""Bytes; a longer one is nothing of ours."""


def write_bill(folder: Path, bill: Bill) -> None:
    """Replace what stands there. Never raises: a full disk loses the figure, not the work."""
    temporary = folder / f".{NAME}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with contextlib.suppress(OSError):
        with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as file:
            json.dump(bill.as_data(), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / NAME)


def read_bill(data: bytes) -> Bill:
    """The bill in the bytes of that file; an empty one when they are no bill."""
    try:
        found: Any = json.loads(data)
    except (ValueError, RecursionError):
        return NOTHING
    return Bill.from_data(found)
