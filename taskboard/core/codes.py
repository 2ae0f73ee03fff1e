"""Every diagnosis code: its name, how grave it is, what it means and what cures it.

``docs/diagnoses.md`` is generated from ``CODES``. Codes are stable: they stand on people's
boards. TB1xx is text and fields, TB2xx dependencies, TB3xx what an edit means, TB4xx the board
and the workspace. An ``error`` on a task keeps it from starting.
"""

from __future__ import annotations

from taskboard.core.board import Diagnosis
from taskboard.core.code import Code
from taskboard.core.edit_codes import EDIT_CODES
from taskboard.core.text_codes import TEXT_CODES

CODES: dict[str, Code] = {**TEXT_CODES, **EDIT_CODES}
"""By code, in order."""


def finding(code: str, message: str = "", *, line: int, **more: str | int | None) -> Diagnosis:
    """A diagnosis with the severity and cure of its code. ``message`` defaults to the code's
    meaning; ``task``, ``column`` and ``hint`` may be given."""
    row = CODES[code]
    task, column, hint = more.get("task"), more.get("column", 1), more.get("hint")
    return Diagnosis(
        code=code,
        severity=row.severity,
        line=line,
        column=column if isinstance(column, int) else 1,
        task=task if isinstance(task, str) else None,
        message=message or row.meaning,
        hint=hint if isinstance(hint, str) else row.cure,
    )
