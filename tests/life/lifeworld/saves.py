"""What people did, in the model's words: each save, and the intents that its text carries."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from dataclasses import dataclass, field, replace

from lifeworld.texts import all_jobs, loose, words


@dataclass(frozen=True)
class Intent:
    """Somebody typed ``word`` as the status of ``job``, over ``seen``; ``seen`` is None for a new
    section."""

    number: int
    who: str
    job: str
    word: str
    seen: str | None


@dataclass(frozen=True)
class Save:
    """One save. ``lineage`` are the numbers of the intents whose outcome is in the text, ``odd``
    says in what way the text is no board for a moment."""

    index: int
    who: str
    what: str
    at: float
    data: bytes
    lineage: frozenset[int]
    odd: str | None = None
    same: bool = False
    """The board held these very bytes before it was odd for a moment."""
    digest: str = ""
    words: dict[str, str] = field(default_factory=dict)
    jobs: frozenset[str] = frozenset()
    loose: dict[str, str] = field(default_factory=dict)

    def among(self, known: Container[str]) -> Save:
        """This save as it reads where these jobs are tasks already."""
        more = {job: word for job, word in self.loose.items() if job in known}
        jobs = self.jobs | frozenset(more)
        return replace(self, words={**more, **self.words}, jobs=jobs)


class Diary:
    """All saves and intents of one life, in order."""

    def __init__(self) -> None:
        self.saves: list[Save] = []
        self.intents: list[Intent] = []
        self.trace: list[str] = []
        self.told = 0
        self.accepted: set[str] = set()
        """Digests of doubted boards that a person said yes to."""
        self.named: set[str] = set()
        """Jobs whose section had an id when it was typed."""
        self.exchanged: dict[str, set[str]] = {}
        """Ids that a person gave a job in place of another, by job."""

    def next(self) -> int:
        """A number never given before: of a job, a mark."""
        self.told += 1
        return self.told

    def mean(self, who: str, job: str, word: str, seen: str | None) -> int:
        """Note an intent; its number."""
        self.intents.append(Intent(len(self.intents), who, job, word, seen))
        self.trace.append(f"    {who} means {job}: {seen} -> {word}")
        return len(self.intents) - 1

    def note(self, **facts: object) -> Save:
        """Note a save."""
        data = facts["data"]
        assert isinstance(data, bytes)
        text = data.decode().replace("\r\n", "\n")
        save = Save(
            index=len(self.saves),
            digest=hashlib.sha256(data).hexdigest(),
            words=words(text),
            jobs=frozenset(all_jobs(text)),
            loose=loose(text),
            **facts,  # type: ignore[arg-type]
        )
        self.saves.append(save)
        self.trace.append(f"{save.at:9.2f} {save.who} saves #{save.index}: {save.what}")
        return save

    @property
    def last(self) -> Save:
        return self.saves[-1]
