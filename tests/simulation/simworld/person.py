"""A person with an editor: types, saves late, saves old buffers, writes in two steps."""

from __future__ import annotations

import re

from simworld.stage import BOARD, ROOT, Stage
from taskboard.testing.files import SimFiles

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
_STATUS = re.compile(r"^- status:.*$", re.MULTILINE)
_NAMES = 30


def marks(data: bytes) -> set[bytes]:
    """The person's marked lines in a text."""
    return set(MARK.findall(data))


class Person:
    """``demanded`` are the marks of confirmed saves that the person has not taken back."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.dice = stage, stage.dice
        self.files = SimFiles(stage.disk, seed=stage.seed)
        self.demanded: set[bytes] = set()
        self.saves = 0
        self.old: list[str] = []
        self.buffer: str | None = None
        self.cut: list[str] = []
        self._unfinished: tuple[object, bytes] | None = None
        self._marks = 0
        self._cut_at = 0.0
        self.busy = False

    # What is typed.

    def mark(self) -> str:
        self._marks += 1
        return f"~M{self._marks}~"

    def board(self) -> str | None:
        try:
            return self.files.read(BOARD).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return None

    def first(self) -> None:
        """The board that the world begins with."""
        text = f"# Launch {self.mark()}\n\n"
        for number in range(1, self.dice.randint(3, 5)):
            text += self.section(f"TASK-{number:03}")
        self.save(text, "rename")

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

    def act(self) -> None:
        """One thing a person does; with an open two-step save, mostly its second step."""
        if self._unfinished is not None and self.dice.random() < 0.8:
            self.finish()
            return
        if self.buffer is not None and self.dice.random() < 0.6:
            text, self.buffer = self.buffer, None
            self.save(self.edit(text), None)
            return
        text = self.board()
        if text is None:
            self.save(self.old[-1] if self.old else "# Empty\n", "rename")
            return
        kind = self.dice.random()
        if kind < 0.12:
            self.buffer = text  # opened now, saved later
            self.stage.say("person opens the board")
        elif kind < 0.15 and self.old:
            self.save(self.dice.choice(self.old[-6:]), None)
        else:
            for _ in range(self.dice.choice([1, 1, 1, 2, 3])):
                text = self.edit(text)
            self.save(text, None)

    def edit(self, text: str) -> str:
        """The text with one thing changed."""
        if text.count("- status:") < 3:
            return self._add(text)
        edits = [self._word] * 8 + [self._prose] * 4 + [self._add] * 6 + [self._unnamed] * 2
        edits += [self._delete, self._restore, self._restore, self._own_line, self._child]
        edits += [self._odd, self._field, self._mend, self._mend]
        return self.dice.choice(edits)(text)

    def _mend(self, text: str) -> str:
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

    def _odd(self, text: str) -> str:
        kind = self.dice.randrange(3)
        if kind == 0:
            return f"{text}\n<<<<<<< ours\n{self.mark()}\n=======\nx\n>>>>>>> theirs\n"
        if kind == 1:
            return text.split("\n## ", maxsplit=1)[0] + "\n"  # almost everything is gone
        return f"{text.rstrip()}\n\n```\nopen fence {self.mark()}\n"

    # How it is saved.

    def save(self, text: str, style: str | None) -> None:
        """Save, confirmed when it returns unless the style takes two steps."""
        self.finish()  # one person, one editor
        style = style or self.dice.choice(["rename", "rename", "place", "two", "away"])
        data = text.encode("utf-8", "surrogateescape")
        self.busy = True
        try:
            self.stage.say(f"person saves {len(data)} bytes ({style})")
            getattr(self, f"_{style}")(data)
        finally:
            self.busy = False
        self.stage.hint(BOARD.name)

    def _confirmed(self, data: bytes, before: bytes) -> None:
        self.saves += 1
        self.old.append(data.decode("utf-8", "surrogateescape"))
        self.demanded -= marks(before) - marks(data)  # the person's own save replaced them
        self.demanded |= marks(data)

    def _present(self) -> bytes:
        node = self.stage.disk.find(BOARD)
        return bytes(node.data) if node else b""

    def _rename(self, data: bytes) -> None:
        before = self._present()
        spare = ROOT / "4913~"
        self._fill(spare, data)
        self.files.rename(spare, BOARD)
        self.files.sync_folder(ROOT)
        self._confirmed(data, before)

    def _away(self, data: bytes) -> None:
        before = self._present()
        if before:
            self.files.rename(BOARD, ROOT / "task-board.md~")
        self._fill(BOARD, data)
        self.files.sync_folder(ROOT)
        self._confirmed(data, before)

    def _fill(self, path: object, data: bytes) -> None:
        log = self.files.open_log(path)
        log.truncate(0)
        log.append(data)
        log.sync()

    def _place(self, data: bytes) -> None:
        self._two(data)
        self.finish()

    def _two(self, data: bytes) -> None:
        log = self.files.open_log(BOARD)
        self.demanded -= marks(log.read(0))
        log.truncate(0)
        self._unfinished = (log, data)
        self._cut_at = self.stage.clock.boot()

    def finish(self) -> None:
        """The second step: the file has its contents again."""
        if self._unfinished is None:
            return
        log, data = self._unfinished
        self._unfinished = None
        before = log.read(0)
        log.append(data)
        log.sync()
        self.files.sync_folder(ROOT)
        self._confirmed(data, before)
        self.stage.say(f"person's save of {len(data)} bytes is whole")
        self.stage.hint(BOARD.name)

    def finish_in_time(self) -> None:
        """No editor leaves a file cut for longer than this."""
        if self._unfinished is not None and self.stage.clock.boot() - self._cut_at > 12:
            self.finish()

    def power_failed(self) -> None:
        """The editor is gone, and what it had not saved."""
        self._unfinished = None
        self.buffer = None

    def settle(self) -> None:
        """Finish everything, and leave a board that can be read."""
        self.finish()
        self.buffer = None
        text = self.board() or (self.old[-1] if self.old else "")
        text = self._mend(text)
        if "- status:" not in text:
            good = [t for t in self.old if "- status:" in t]
            text = good[-1] if good else text + "\n" + self.section("TASK-001")
            text = self._mend(text)
        if text != self.board():
            self.save(text, "rename")
