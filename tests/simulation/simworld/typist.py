"""What a person types: texts with one thing changed."""

from __future__ import annotations

import re

from simworld.stage import Stage

WORDS = [
    "ready",
    "ready",
    "ready",
    "done",
    "todo",
    "blocked:ada:brief",
    "blocked:task:TASK-001",
    "failed:cancelled",
    "failed:cancelled",
    "in progress",
    "Ready for review",
    "blocked:until:2026-11-20T12:03Z",
    "running:bob:2026-11-20T12:00Z",
    "failed:nonsense",
]
MARK = re.compile(rb"~M\d+~")
_HEAD = re.compile(r"^#{1,6} .*$", re.MULTILINE)
_ID = re.compile(r"^(#{1,6} )([A-Z]+-\d+) ", re.MULTILINE)
_STATUS = re.compile(r"^- status:.*$", re.MULTILINE)
_NAMES = 30


class Typist:
    """Changes texts. Whatever is typed is marked, so that it can be looked for."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.dice = stage, stage.dice
        self.cut: list[str] = []
        self._marks = 0

    def mark(self) -> str:
        self._marks += 1
        return f"~M{self._marks}~"

    def section(self, name: str | None, level: int = 2) -> str:
        dice, head = self.dice, "#" * level
        title = f"{name} Work {self.mark()}" if name else f"Work {self.mark()}"
        word = "ready" if dice.random() < 0.75 or name is None else dice.choice(WORDS)
        lines = [f"{head} {title}", f"- status: {word}"]
        if dice.random() < 0.85:
            lines.append("- run: make it")
        if dice.random() < 0.2:
            lines.append(f"- artifacts: out/{self._marks}.txt")
        if dice.random() < 0.2:
            lines.append("- verify: check it")
        if dice.random() < 0.15:
            lines.append(f"- needs: TASK-00{dice.randint(1, 4)}")
        if dice.random() < 0.15:
            lines.append(f"- max-attempts: {dice.randint(1, 4)}")
        return "\n".join([*lines, "", f"Do this. {self.mark()}", "", ""])

    def edit(self, text: str) -> str:
        """The text with one thing changed."""
        if text.count("- status:") < 3:
            return self._add(text)
        edits = [self._word] * 8 + [self._prose] * 4 + [self._add] * 6 + [self._unnamed] * 2
        edits += [self._delete, self._restore, self._restore, self._own_line, self._child]
        edits += [self._odd, self._field, self.mend, self.mend]
        edits += [self._rename_id, self._unname, self._retitle, self._move]
        return self.dice.choice(edits)(text)

    def mend(self, text: str) -> str:
        return re.sub(r"(?m)^(```.*|<<<<<<<.*|=======|>>>>>>>.*)$\n?", "", text)

    def _word(self, text: str) -> str:
        found = list(_STATUS.finditer(text))
        if not found:
            return text
        spot, word = self.dice.choice(found), self.dice.choice(WORDS)
        self.stage.say(f"person types {word} over {spot[0]!r}")
        return f"{text[: spot.start()]}- status: {word}{text[spot.end() :]}"

    def _prose(self, text: str) -> str:
        lines = text.split("\n")
        spots = [i for i, line in enumerate(lines) if line == ""]
        lines.insert(self.dice.choice(spots) if spots else len(lines), f"\nMore {self.mark()}\n")
        return "\n".join(lines)

    def _field(self, text: str) -> str:
        return self._under_status(text, f"- owner: o{self.mark().strip('~')}")

    def _own_line(self, text: str) -> str:
        return self._under_status(text, f"- note: mine {self.mark()}")

    def _under_status(self, text: str, line: str) -> str:
        found = list(_STATUS.finditer(text))
        if not found:
            return text
        spot = self.dice.choice(found)
        return f"{text[: spot.end()]}\n{line}{text[spot.end() :]}"

    def _add(self, text: str) -> str:
        name = f"TASK-{self.dice.randint(1, _NAMES):03}"
        if name in text and self.dice.random() < 0.9:
            return text
        return f"{text.rstrip()}\n\n{self.section(name)}"

    def _unnamed(self, text: str) -> str:
        if text.count("- status:") > 10:
            return text
        return f"{text.rstrip()}\n\n{self.section(None)}"

    def _child(self, text: str) -> str:
        name = f"TASK-{self.dice.randint(5, _NAMES):03}"
        parts = self._sections(text)
        if name in text or not parts:
            return text
        _start, end = self.dice.choice(parts)
        return f"{text[:end].rstrip()}\n\n{self.section(name, 3)}{text[end:]}"

    def _sections(self, text: str) -> list[tuple[int, int]]:
        heads = [m.start() for m in _HEAD.finditer(text)]
        spans = zip(heads, [*heads[1:], len(text)], strict=False)
        return [(a, b) for a, b in spans if "- status:" in text[a:b]]

    def _delete(self, text: str) -> str:
        parts = self._sections(text)
        if len(parts) < 3:
            return text
        start, end = self.dice.choice(parts)
        self.cut.append(text[start:end])
        self.stage.say(f"person deletes {text[start:end].splitlines()[0]!r}")
        return text[:start] + text[end:]

    def _restore(self, text: str) -> str:
        if not self.cut:
            return text
        piece = self.cut.pop()
        self.stage.say(f"person restores {piece.splitlines()[0]!r}")
        return f"{text.rstrip()}\n\n{piece}"

    def _rename_id(self, text: str) -> str:
        found = list(_ID.finditer(text))
        if not found:
            return text
        spot, name = self.dice.choice(found), f"SITE-{self.dice.randint(1, 60)}"
        self.stage.say(f"person calls {spot[2]} {name}")
        return f"{text[: spot.start(2)]}{name}{text[spot.end(2) :]}"

    def _unname(self, text: str) -> str:
        found = list(_ID.finditer(text))
        if not found:
            return text
        spot = self.dice.choice(found)
        self.stage.say(f"person drops the id {spot[2]}")
        return f"{text[: spot.start(2)]}{text[spot.end() :]}"

    def _retitle(self, text: str) -> str:
        found = list(_ID.finditer(text))
        if not found:
            return text
        spot = self.dice.choice(found)
        return f"{text[: spot.end()]}Better {text[spot.end() :]}"

    def _move(self, text: str) -> str:
        parts = self._sections(text)
        if not parts:
            return text
        start, end = self.dice.choice(parts)
        return f"{text[:start]}{text[end:].rstrip()}\n\n{text[start:end]}"

    def _odd(self, text: str) -> str:
        kind = self.dice.randrange(3)
        if kind == 0:
            return f"{text}\n<<<<<<< ours\n{self.mark()}\n=======\nx\n>>>>>>> theirs\n"
        if kind == 1:
            return text.split("\n## ", maxsplit=1)[0] + "\n"  # almost everything is gone
        return f"{text.rstrip()}\n\n```\nopen fence {self.mark()}\n"
