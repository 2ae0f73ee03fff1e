"""What people and agents do to a text. Every edit answers with the new text and notes what was
meant: new intents go into the buffer's lineage."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from lifeworld import texts
from lifeworld.saves import Diary


@dataclass
class Buffer:
    """A text in an editor, and the intents that went into it."""

    text: str
    lineage: frozenset[int]
    crlf: bool = False

    def data(self) -> bytes:
        text = self.text.replace("\n", "\r\n") if self.crlf else self.text
        return text.encode()


_NEXT = {
    "ready": ["blocked:{}:wait", "failed:cancelled", "todo", "done", "wip"],
    "open": ["ready", "ready", "blocked:{}:wait", "done", "failed:cancelled"],
    "blocked": ["ready", "ready", "todo", "failed:cancelled", "done", "blocked:{}:more"],
    "running": ["blocked:{}:stop", "failed:cancelled", "done"],
    "done": ["ready"],
    "failed": ["ready", "ready", "blocked:{}:wait"],
}
"""What a person types over a word, by its kind."""
_ALIVE = ("open", "ready", "blocked", "running")


def kind(word: str) -> str:
    """The kind of a status word."""
    head = word.partition(":")[0].casefold()
    if head == "withdrawn":
        return head
    return "open" if head in ("todo", "open") else head if head in _NEXT else "unknown"


class Hand:
    """One who edits. ``number`` gives ids that nobody else gives."""

    def __init__(self, who: str, dice: random.Random, diary: Diary, number: Callable[[], int]):
        self.who, self.dice, self.diary, self.number = who, dice, diary, number
        self.done: list[str] = []

    def edit(self, buffer: Buffer) -> str:
        """Change one thing; says what."""
        edits: list[tuple[Callable[[Buffer], str], int]] = [
            (self.add, 5),
            (self.type_word, 8),
            (self.prose, 5),
            (self.unprose, 1),
            (self.move, 1),
            (self.sort, 1),
            (self.tidy, 1),
            (self.rename, 1),
            (self.copy, 1),
            (self.append_several, 1),
            (self.delete, 1),
        ]
        if len(texts.sections(buffer.text)) < 3:
            return self.add(buffer)
        if len(texts.sections(buffer.text)) > 12:
            edits = edits[1:]
        chosen = self.dice.choices([e for e, _ in edits], [w for _, w in edits])[0]
        return chosen(buffer)

    def mark(self) -> str:
        return f"~M{self.diary.next()}~"

    def _mean(self, buffer: Buffer, job: str, word: str, seen: str | None) -> None:
        buffer.lineage |= {self.diary.mean(self.who, job, word, seen)}

    # New sections.

    def section(self, buffer: Buffer, *, named: bool | None = None) -> str:
        job = f"J{self.diary.next()}"
        named = self.dice.random() < 0.5 if named is None else named
        if named:
            self.diary.named.add(job)
        word = self.dice.choice(["ready", "ready", "ready", f"blocked:{self.who}:later", "todo"])
        if word == "todo" and not named:
            word = "ready"
        name = f"TASK-{self.number()} " if named else ""
        run = self.dice.choice(["sleep 1", "sleep 5", "sleep 25", "sleep 70", "ok", "fail"])
        self._mean(buffer, job, word, None)
        return (
            f"## {name}Work {job}\n- status: {word}\n- run: mark {job};{run}\n"
            f"- max-attempts: 1\n\nDo {job}, then rest.  \nAnd {self.mark()}\n\n"
        )

    def add(self, buffer: Buffer) -> str:
        buffer.text = texts.append(buffer.text, self.section(buffer))
        return "a new section"

    def append_several(self, buffer: Buffer) -> str:
        for _ in range(3):
            buffer.text = texts.append(buffer.text, self.section(buffer, named=False))
        return "three new sections without ids"

    def copy(self, buffer: Buffer) -> str:
        """Paste a section as a template: another title and command, no id, said ready."""
        section = self._some(buffer)
        old, new = texts.job_of(section), f"J{self.diary.next()}"
        text = re.sub(rf"\b{old}\b", new, section)
        text = re.sub(r"^## [A-Z]+-\d+ ", "## ", text)
        text = re.sub(r"(?m)^- (?:note: TB|result: ).*\n", "", text)
        text = texts.MARK.sub(b"(as before)", text.encode()).decode()
        self._mean(buffer, new, "ready", None)
        buffer.text = texts.append(buffer.text, texts.with_word(text, "ready").rstrip("\n") + "\n")
        return f"a copy of {old} as {new}"

    # What stands there.

    def _some(self, buffer: Buffer) -> str:
        return self.dice.choice(list(texts.sections(buffer.text).values()))

    def _swap(self, buffer: Buffer, old: str, new: str) -> None:
        buffer.text = buffer.text.replace(old, new, 1)

    def type_word(self, buffer: Buffer) -> str:
        section = self._some(buffer)
        job, seen = str(texts.job_of(section)), str(texts.word_of(section))
        word = self.dice.choice(_NEXT.get(kind(seen), ["ready"])).format(self.who)
        if kind(seen) == "done" and self.dice.random() < 0.8:
            return self.prose(buffer)
        self._swap(buffer, section, texts.with_word(section, word))
        self._mean(buffer, job, word, seen)
        return f"{job} is {word}"

    def prose(self, buffer: Buffer) -> str:
        mark = self.mark()
        parts = texts.split(buffer.text)
        place = self.dice.randrange(len(parts))
        parts[place] = parts[place].rstrip("\n") + f"\n\nA thought {mark}\n\n"
        buffer.text = "".join(parts)
        return f"prose {mark}"

    def unprose(self, buffer: Buffer) -> str:
        found = re.findall(r"(?m)^A thought ~M\d+~\n", buffer.text)
        if not found:
            return self.prose(buffer)
        gone = self.dice.choice(found)
        self._swap(buffer, gone, "")
        return f"takes back {gone.strip()}"

    def delete(self, buffer: Buffer) -> str:
        section = self._some(buffer)
        self._swap(buffer, section, "")
        return f"deletes {texts.job_of(section)}"

    def move(self, buffer: Buffer) -> str:
        head, *rest = texts.split(buffer.text)
        rest = [s.rstrip("\n") + "\n\n" for s in rest]
        rest.insert(0, rest.pop(self.dice.randrange(len(rest))))
        buffer.text = "".join([head, *rest])
        return "moves a section to the top"

    def sort(self, buffer: Buffer) -> str:
        head, *rest = texts.split(buffer.text)
        buffer.text = "".join([head, *sorted(s.rstrip("\n") + "\n\n" for s in rest)])
        return "sorts the board"

    def tidy(self, buffer: Buffer) -> str:
        buffer.text = texts.formatted(buffer.text)
        if self.dice.random() < 0.2:
            buffer.crlf = not buffer.crlf
        return "runs a formatter"

    def rename(self, buffer: Buffer) -> str:
        found = texts.sections(buffer.text)
        named = [s for job, s in found.items() if job in self.diary.named]
        if not named:
            return self.prose(buffer)
        section = self.dice.choice(named)
        heading, rest = section.split("\n", 1)
        self._swap(buffer, section, f"{heading} {self.mark()}\n{rest}")
        return f"another title for {texts.job_of(section)}"

    def exchange(self, buffer: Buffer) -> str:
        """Give a task another id; all else stays."""
        found = texts.sections(buffer.text).values()
        named = [s for s in found if texts.id_of(s) and kind(str(texts.word_of(s))) in _ALIVE]
        if not named:
            return self.prose(buffer)
        section = self.dice.choice(named)
        old, new, job = texts.id_of(section), f"TASK-{self.number()}", texts.job_of(section)
        self._swap(buffer, section, section.replace(f"## {old} ", f"## {new} ", 1))
        self.diary.exchanged.setdefault(str(job), set()).add(new)
        return f"exchanges {old} for {new} ({job})"
