"""A board as its people see it: sections with a job in the title, words after ``status``.

Every job (``J7``) stands in its section's title and in its command, so that the model can follow
it without knowing ids. Lines end in ``\\n`` here.
"""

from __future__ import annotations

import re
from collections import Counter

JOB = re.compile(r"\bJ\d+\b")
MARK = re.compile(rb"~M\d+~")
_HEADING = re.compile(r"(?m)^## ")
_STATUS = re.compile(r"(?m)^- status:[ ]?(.*)$")
_ID = re.compile(r"^## ([A-Z]+-\d+)\b")


def split(text: str) -> list[str]:
    """What stands above the first section, then the sections."""
    starts = [m.start() for m in _HEADING.finditer(text)]
    return [text[a:b] for a, b in zip([0, *starts], [*starts, len(text)], strict=True)]


def job_of(section: str) -> str | None:
    """The job a section is about."""
    heading = section.partition("\n")[0]
    found = JOB.search(heading) if heading.startswith("## ") else None
    return found[0] if found else None


def id_of(section: str) -> str | None:
    """The id its heading starts with."""
    found = _ID.match(section)
    return found[1] if found else None


def word_of(section: str) -> str | None:
    """Its status word."""
    found = _STATUS.search(section)
    return found[1].strip() if found else None


def with_word(section: str, word: str) -> str:
    """The section with another status word."""
    return _STATUS.sub(lambda _: f"- status: {word}", section, count=1)


def sections(text: str) -> dict[str, str]:
    """The tasks that hold a job, by job; only those whose job and id stand once."""
    found = [s for s in split(text)[1:] if job_of(s) and is_task(s)]
    jobs, ids = Counter(map(job_of, found)), Counter(id_of(s) for s in found if id_of(s))
    once = [s for s in found if jobs[job_of(s)] == 1 and ids.get(id_of(s), 1) == 1]
    return {str(job_of(s)): s for s in once}


def words(text: str) -> dict[str, str]:
    """Status words by job."""
    return {job: word_of(section) or "" for job, section in sections(text).items()}


def all_jobs(text: str) -> set[str]:
    """Every job that has a task, whether or not it can be told apart."""
    return {str(job_of(s)) for s in split(text)[1:] if job_of(s) and is_task(s)}


def is_task(section: str) -> bool:
    """Without an id only what is said ready or blocked is a task."""
    word = word_of(section)
    if word is None or id_of(section):
        return word is not None
    return word.casefold() == "ready" or word.startswith("blocked:")


def loose(text: str) -> dict[str, str]:
    """Status words, by job, of sections that are tasks only if they were one before."""
    found = [s for s in split(text)[1:] if job_of(s) and word_of(s) and not is_task(s)]
    return {str(job_of(s)): word_of(s) or "" for s in found}


def append(text: str, section: str) -> str:
    """The text with a section at its end."""
    gap = "" if text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
    return text + gap + section


def formatted(text: str) -> str:
    """What a formatter makes of it: no blanks at line ends, no two blank lines, one ending."""
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"


def highest(text: str) -> int:
    """The highest number of an id in the text."""
    return max((int(n) for n in re.findall(r"\b[A-Z]+-(\d+)\b", text)), default=0)
