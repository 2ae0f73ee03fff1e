"""What people write for the state of a task, and what stands for it on the new board.

Nothing imported may start by itself. So ``ready`` becomes ``todo`` until somebody says it here,
what somebody works on waits for that person, and what waited for a task or a time is open.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from taskboard.core.ready import PRIORITIES
from taskboard.core.state import OPEN_WORDS, Kind, read_status

_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_NO_WORD = re.compile(r"[^A-Za-z0-9._@/-]+")
_TAIL = re.compile(r"(?:\s+by\b|\s*[(\[|.,:;]|\s+[-—–]|\s+@|\s+\d|\s*→).*", re.DOTALL)
"""What may stand behind a status word without changing it: a name, a date, a remark."""
_BY = re.compile(
    r"(?:\bby\s+@?|@|\b(?:wait|waiting|blocked)\s+(?:on|for)\s+@?)([A-Za-z][\w.-]*)", re.IGNORECASE
)
_ABOUT = re.compile(r"\s(?:by|on|for)\s")
_TASK = re.compile(r"(?<![\w-])(?:[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-[0-9]+|T[0-9]{2,})(?![\w-])")
_RUNTIME_WORDS = frozenset({"until", "retry", "quota", "task", "children"})

_FAMILIES = {
    "open": "new,queued,queue,next,next up,up next,triage,inbox,someday,maybe,unstarted,not begun,"
    "nog te doen,待办,未开始,未着手,할 일,в планах,waiting list,selected,ideas,upcoming,"
    "future,to-dos,todos,tasks,open tasks,todo list",
    "working": "in progress,in_progress,in-progress,inprogress,doing,wip,work in progress,claimed,"
    "active,running,started,working,ongoing,current,underway,under way,进行中,進行中,"
    "작업 중,в работе,assigned",
    "blocked": "blocked,waiting,wait,on hold,on-hold,hold,paused,stuck,waiting on,waiting for,"
    "阻塞,被阻塞,blocked by",
    "review": "review,in review,in_review,in-review,under review,needs review,needs-review,"
    "ready for review,needs-human,needs human,testing,in testing,qa,verify,verifying,"
    "verification,to review,to test,approval,awaiting approval,评审,审核中",
    "done": "done,complete,completed,finished,fixed,shipped,implemented,closed,resolved,merged,"
    "released,deployed,delivered,verified,完成,已完成,完了,완료,готово,accepted",
    "failed": "failed,failure,失败,失敗,error",
    "dropped": "cancelled,canceled,cancel,dropped,won't do,won't fix,wont do,wontfix,won’t do,"
    "deferred,obsolete,abandoned,rejected,duplicate,superseded,invalid,not doing,"
    "removed,已取消",
    "ready": "ready",
}
_WORDS = {word: name for name, words in _FAMILIES.items() for word in words.split(",")}
_SIGNS = {
    "✅": "done", "✔": "done", "☑": "done", "🎉": "done", "🔄": "working", "🟨": "working",
    "🚧": "working", "🏃": "working", "⛔": "blocked", "🚫": "blocked", "⏸": "blocked",
    "❌": "failed", "⬜": "open", "🔲": "open", "⏳": "open", "📋": "open", "👀": "review",
}  # fmt: skip
_MARKS = {
    " ": "open", "": "open", "x": "done", "X": "done", "✓": "done", "✔": "done", "✅": "done",
    "/": "working", "~": "working", "🔄": "working", "🟨": "working", "🚧": "working",
    "-": "dropped", "❌": "failed",
}  # fmt: skip
"""What stands in a box."""

_URGENT = {
    "critical": "urgent,highest,blocker,asap,immediate,very high,🔺,紧急",
    "high": "important,major,⏫,高",
    "medium": "normal,moderate,standard,med,mid,🔼,中",
    "low": "minor,trivial,lowest,very low,nice to have,🔽,⏬,低",
}
_PRIORITY = {word: name for name, words in _URGENT.items() for word in words.split(",")}


class State(NamedTuple):
    """A status for the new board. ``family`` is the kind of word it was (empty: none that is
    known); ``exact``: the old word says the same, so it need not be kept."""

    status: str
    family: str
    exact: bool = False


def family_of(word: str) -> str:
    """``open working blocked review done failed dropped ready``, or empty for another word.
    Behind a word may stand a name, a date or a remark; not behind ``ready``."""
    folded = _plain(word)
    if not folded:
        return _sign(word)
    if folded in OPEN_WORDS:
        return "open"
    if folded in _WORDS:
        return _WORDS[folded]
    head = _TAIL.sub("", folded, count=1).strip()
    found = "open" if head in OPEN_WORDS else _WORDS.get(head, "")
    if found:
        return "" if found == "ready" else found
    for start in (
        "blocked by ",
        "waiting on ",
        "waiting for ",
        "on hold ",
        "claimed ",
        "blocked ",
    ):
        if folded.startswith(start):
            return _WORDS[start.strip()]
    return ""


def family_of_mark(mark: str | None) -> str:
    """The same for what stands in a checkbox; empty for marks that mean different things."""
    return _MARKS.get((mark or "").replace("\ufe0f", "").strip(), "") if mark is not None else ""


def state_of(word: str, mark: str | None, owner: str) -> State:
    """What a task's status becomes. ``word`` counts before ``mark``; neither is open."""
    typed = read_status(word)
    if typed.kind in (Kind.DONE, Kind.FAILED):
        return State(
            word.strip().casefold(), "done" if typed.kind is Kind.DONE else "failed", True
        )
    if typed.kind is Kind.OPEN:
        return State(_open_word(word), "open", True)
    if typed.kind is Kind.BLOCKED:
        waits = typed.who.casefold() in _RUNTIME_WORDS
        return State("todo", "open") if waits else State(word.strip(), "blocked", True)
    if typed.kind is Kind.RUNNING:
        return State(f"blocked:{_who(typed.who)}:working", "working")
    if word.strip():
        family = family_of(word)
        return State(_status(family, word, owner), family, _plain(word) == "done")
    family = family_of_mark(mark)
    said = {"dropped": "cancelled", "": "todo", "open": "todo"}.get(family, family)
    exact = mark is None or family in ("open", "done", "dropped")
    return State(_status(family, said, owner), "open" if mark is None else family, exact)


def priority_of(word: str) -> str:
    """A priority that is one of ours, or empty."""
    folded = _EDGES.sub("", word.casefold()) or word.replace("\ufe0f", "").strip()
    if folded and folded in PRIORITIES and folded != "none":
        return folded.upper() if folded.startswith("p") else folded
    return _PRIORITY.get(folded, "")


def _open_word(word: str) -> str:
    folded = word.strip().casefold()
    return folded if folded[:1].isalpha() else "todo"


def _plain(word: str) -> str:
    return " ".join(_EDGES.sub("", word.casefold()).split())


def _sign(word: str) -> str:
    found = {_SIGNS[c] for c in word if c in _SIGNS}
    return found.pop() if len(found) == 1 else ""


def _status(family: str, word: str, owner: str) -> str:
    folded = _plain(word)
    head = _TAIL.sub("", folded)
    who = _named(word) or _who(owner)
    if family == "blocked" and not waits_for(word):
        return f"blocked:{who}:{_slug(_ABOUT.split(head)[0], 'blocked')}"
    if family == "open" and folded in OPEN_WORDS and folded[0].isalpha():
        return folded
    return {
        "done": "done",
        "working": f"blocked:{who}:working",
        "review": f"blocked:{_who(owner, 'human')}:{_slug(head, 'review')}",
        "failed": "failed:imported",
        "dropped": f"failed:{_slug(head, 'cancelled')}",
    }.get(family, "todo")


def waits_for(word: str) -> list[str]:
    """The ids that a status names as what it waits for (``blocked by TASK-3``)."""
    blocked = family_of(word) == "blocked" or word.casefold().startswith("blocked:task:")
    return _TASK.findall(word) if blocked else []


def _named(word: str) -> str:
    found = _BY.search(word)
    return _who(found[1], "") if found else ""


def _who(owner: str, default: str = "unknown") -> str:
    first = owner.partition(",")[0].strip().lstrip("@")
    name = _slug(first, default)
    return default if name.casefold() in _RUNTIME_WORDS else name


def _slug(text: str, default: str) -> str:
    return _NO_WORD.sub("-", text).strip("-")[:40].strip("-") or default
