"""Text of strangers, as a model may be shown it and as a model's words may be kept: nothing in
it is hidden, and it cannot end what it stands in."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_ODD = re.compile(r"[^\x20-\x7e\n\t]")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Categories of what takes no room or turns the reading direction: controls, formats (zero-width,
bidi, tags), surrogates, private, unassigned, separators of lines."""
_EMPTY = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
"""Letters and marks that show nothing."""
_EMOJI = 0xFE0F  # the one selector of variations that ordinary text is full of
_DECEIVING = re.compile("[\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
"""What no script needs within a line: it hides text, or shows it in another order."""
_NEWLINE = re.compile(r"\r\n?")


def visible(text: str) -> str:
    """``text`` with every character that cannot be seen spelled out, as ``[U+200B]``. Newlines
    and tabs stay; every kind of line ending is a newline."""
    return _ODD.sub(_spell, _NEWLINE.sub("\n", text))


def deceiving(text: str) -> list[str]:
    """The characters in ``text`` that hide some of it or turn its order, spelled (``U+202E``),
    each once. Joiners and the marks of right-to-left scripts are none."""
    return [f"U+{ord(character):04X}" for character in sorted(set(_DECEIVING.findall(text)))]


def line(text: str, longest: int) -> str:
    """``text`` as one visible line of at most ``longest`` characters, cut ones with ``...``."""
    words = " ".join(visible(text[: 4 * longest]).split())
    return words if len(words) <= longest else f"{words[: longest - 3]}..."


def enclosed(name: str, text: str) -> str:
    """``text``, made visible, between two lines with ``name`` that it cannot contain: they bear
    a digest of it. The same text is enclosed in the same way, so that a cache can know it."""
    shown = re.sub(rf"<(?=\s*/?\s*{re.escape(name)})", "&lt;", visible(text), flags=re.IGNORECASE)
    mark = f"{name}-{hashlib.sha256(shown.encode()).hexdigest()[:16]}"
    return f"<{mark}>\n{shown}\n</{mark}>"


def _spell(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    selector = 0xFE00 <= code <= 0xFE0E or 0xE0100 <= code <= 0xE01EF
    odd = code in _EMPTY or selector or unicodedata.category(character) in _HIDDEN
    return f"[U+{code:04X}]" if odd else character
