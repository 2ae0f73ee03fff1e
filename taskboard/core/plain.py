"""Text that is safe to show: no escape sequences, no control characters, no turned direction."""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]"  # CSI: colours, cursor
    r"|\x9b[0-?]{0,64}[ -/]{0,8}[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b]{0,2048}(?:\x07|\x1b\\)?"  # OSC and its like: titles, clipboard
    r"|\x1b[ -/]{0,4}[0-~]?"
)
_TURNING = (*range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C)
_CONTROL = dict.fromkeys(
    code for code in (*range(0x20), *range(0x7F, 0xA0), *_TURNING) if code not in {9, 10}
)


def plain(text: str) -> str:
    """``text`` without escape sequences, control characters (but tab and newline) and
    bidirectional overrides. A lone carriage return counts as a newline."""
    shown = _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return shown.translate(_CONTROL)
