"""The ledger's facts in people's words: what happened, why, and by whom. One place for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from taskboard.cli.decided import decided
from taskboard.cli.refusal import REFUSALS, told_refusal
from taskboard.cli.text import one_line
from taskboard.cli.when import When
from taskboard.core.event import Event
from taskboard.core.hold import HELD
from taskboard.core.lines import proof_word
from taskboard.core.notice import BEGINNING
from taskboard.core.units import brief

_LONGEST = 240
"""Characters of one saying of somebody else's."""

_QUIET = frozenset(
    {
        "step_started",
        "step_completed",
        "step_failed",
        "artifact_recorded",
        "validated",
        "deadlettered",
        "delivered",
        "segment_sealed",
        "git_moved",
        "board_written",
        "cost_recorded",
    }
)
"""Facts of interest to whoever looks for them: another line says what came of them."""

_COLOURS = {
    "claimed": "running",
    "completed": "done",
    "failed": "failed",
    "cancelled": "failed",
    "blocked": "blocked",
    "question_asked": "blocked",
    "reclaimed": "warning",
    "anomaly_flagged": "warning",
    "escalated": "warning",
    "delivery_failed": "warning",
    "ledger_repaired": "warning",
    "paused": "warning",
    "file_changed_triggered": "dim",
    "edited": "dim",
}
_FIELDS = ("title", "text", "fields", "parent")


class Words(NamedTuple):
    """One fact. ``quiet`` ones are left out unless somebody asks for them; ``title`` is its
    task's, where that helps to know which it is."""

    text: str
    title: str
    colour: str
    quiet: bool


def words(event: Event, when: When, title: str = "") -> Words:
    """What an event says. ``title`` is its task's."""
    tell = _TOLD.get(event.type)
    text = tell(event, when) if tell is not None else _plain(event)
    colour = "warning" if event.type in REFUSALS else _COLOURS.get(event.type, "")
    if event.type in _QUIET or (event.type == "file_changed_triggered" and event.data.get("held")):
        colour = "dim" if event.type in _QUIET else "warning"
    shown = one_line(title) if event.type in _NAMED else ""
    return Words(one_line(f"{text}{_by(event)}"), shown, colour, event.type in _QUIET)


_NAMED = frozenset({"claimed", "completed", "failed", "blocked", "reclaimed", "cancelled"})


def _by(event: Event) -> str:
    """Whose act it was, where that is not clear from the rest."""
    if event.actor in ("daemon", "ledger", "import", event.agent) or event.type == "claimed":
        return ""
    if event.actor == "board":
        return "" if event.type == "file_changed_triggered" else ", on the board"
    return f", by {event.actor}"


def _plain(event: Event) -> str:
    """A fact that has no words of its own: of a newer version, perhaps."""
    said = event.data.get("reason") or event.data.get("cause") or event.data.get("note") or ""
    return f"{event.type.replace('_', ' ')} {said}"


def _short(text: object) -> str:
    flat = one_line(str(text or ""))
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"


def _took(event: Event) -> str:
    seconds = event.data.get("duration_s")
    return f" in {brief(seconds)}" if isinstance(seconds, int | float) else ""


def cause(event: Event) -> str:
    """The cause of an end: an exit status, and the last thing that was said."""
    data = event.data
    lines = str(data.get("error") or data.get("reason") or data.get("cause") or "").splitlines()
    if data.get("exit_code") is not None:
        last = f", {lines[-1]}" if len(lines) > 1 else ""
        return _short(f"exit status {data['exit_code']}{last}")
    return _short(" ".join(lines))


def _goes_on(event: Event, when: When) -> str:
    """What comes after a run that did not succeed."""
    kind, _, detail = (event.to or "").partition(":")
    who, _, what = detail.partition(":")
    if kind == "ready":
        return "; it is ready again"
    if who == "retry":
        return f"; tries again at {when.moment(what)}"
    if kind == "failed":
        letter = event.type in ("failed", "reclaimed")
        return f"; given up: {event.to}" + (f", deadletter/{event.task}.md" if letter else "")
    return f"; {event.to}"


# One function for each type


def _created(event: Event, _when: When) -> str:
    origin = event.data.get("origin")
    came = f", from {origin}" if origin not in (None, "board", "command", "agent") else ""
    return f"new, {event.to}{came}: {_short(event.data.get('title'))}"


def _edited(event: Event, _when: When) -> str:
    data = event.data
    if data.get("renamed_from"):
        return f"is called {event.task} now, no longer {data['renamed_from']}"
    if data.get("requested"):
        return f"`{data['requested']}` was typed: the gate is asked"
    if data.get("approved"):
        return "approved"
    if data.get("hidden") or data.get("withdrawing"):
        return "its section is gone"
    changed = ", ".join(key for key in _FIELDS if key in data)
    return f"edited: {changed}" if changed else "noted"


def _blocked(event: Event, when: When) -> str:
    data, to = event.data, event.to or ""
    if to == "open":
        return "put off: open"
    who, _, what = to.partition(":")[2].partition(":")
    if who in ("quota", "until"):
        said = f"waits until {when.moment(what)}"
        return f"{said} ({cause(event)})" if who == "quota" else said
    asked = data.get("question")
    if asked:
        return f"{to}: {_short(asked)}"
    why = cause(event)
    return f"{to}" + (f" ({why})" if why and why not in ("typed", "command", "question") else "")


def _ready(event: Event, _when: When) -> str:
    cause = event.data.get("cause")
    again = {"retried": "ready: tries again", "requeued": "ready again, a new round"}
    told = again.get(event.type, "ready")
    return told + (f" ({_short(cause)})" if cause and cause not in ("typed", "command") else "")


def _claimed(event: Event, _when: When) -> str:
    model = event.data.get("model")
    again = f" (attempt {event.attempt})" if (event.attempt or 1) > 1 else ""
    return f"started by {event.agent}{again}" + (f" with {model}" if model else "")


def _completed(event: Event, _when: When) -> str:
    tier = event.data.get("tier")
    word = proof_word(tier, verified=bool(event.data.get("verified")))
    by = f" by {event.agent}" if event.agent else ""
    return f"done, {word} ({tier}){by}{_took(event)}"


def _failed(event: Event, when: When) -> str:
    after = _took(event).replace(" in ", " after ")
    return f"failed{after}: {cause(event)}{_goes_on(event, when)}"


def _handed_back(event: Event, when: When) -> str:
    word = {"reclaimed": "taken back", "released": "handed back"}[event.type]
    return f"{word}: {cause(event)}{_goes_on(event, when)}"


def _relayed(event: Event, _when: When) -> str:
    data = event.data
    return f"passed on: {data.get('from')} -> {data.get('executor')} ({cause(event)})"


def _cancelled(event: Event, _when: When) -> str:
    return "cancelled" if event.to == "failed:cancelled" else f"its run is cancelled: {event.to}"


def _step(event: Event, _when: When) -> str:
    return f"step {event.step} {event.type.removeprefix('step_')}"


def _validated(event: Event, _when: When) -> str:
    receipts = event.data.get("receipts") or ()
    bad = [str(r.get("tier")) for r in receipts if not r.get("ok")]
    return f"evidence does not hold: {', '.join(bad)}" if bad else "evidence holds"


def _recorded(event: Event, _when: When) -> str:
    detail = event.data.get("detail") or {}
    return f"artifact {detail.get('path', '')} recorded"


def _saved(event: Event, _when: When) -> str:
    data = event.data
    waited = data.get("latency_s")
    took = f", noticed after {waited:.1f}s" if isinstance(waited, int | float) else ""
    if data.get("held"):
        return f"board held: {HELD.get(data['held'], data['held'])}"
    return f"board saved, {data.get('bytes')} bytes{took}"


def _opened(event: Event, _when: When) -> str:
    before = event.data.get("forked_from")
    if not isinstance(before, dict):
        return "ledger opened"
    return f"a new ledger goes on from event {before.get('seq')} of the one before it"


def _daemon(event: Event, _when: When) -> str:
    pid = event.data.get("pid")
    return f"{event.type.replace('_', ' ')}" + (f" (process {pid})" if pid else "")


def _sent(event: Event, _when: When) -> str:
    data = event.data
    if event.type == "delivered" and data.get("what") == BEGINNING:
        return f"{data.get('channel')} tells what comes after this"
    if event.type == "delivered":
        return f"{data.get('channel')} told of it: {data.get('what')}"
    said = f", {_short(data['said'])}" if data.get("said") else ""
    return f"{data.get('channel')} could not tell of it: {_short(data.get('reason'))}{said}"


def _decided(event: Event, _when: When) -> str:
    return f"decided {' '.join(decided(event.data))}"


_TOLD: dict[str, Callable[[Event, When], str]] = {
    "ledger_opened": _opened,
    "file_changed_triggered": _saved,
    "created": _created,
    "edited": _edited,
    "withdrawn": lambda _e, _w: "withdrawn: its section is gone",
    "restored": lambda e, _w: f"is back: {e.to}",
    "blocked": _blocked,
    "unblocked": _ready,
    "retried": _ready,
    "requeued": _ready,
    "decided": _decided,
    "paused": lambda _e, _w: "paused: nothing new starts",
    "resumed": lambda _e, _w: "goes on: things start again",
    "claimed": _claimed,
    "step_started": _step,
    "step_completed": _step,
    "step_failed": _step,
    "artifact_recorded": _recorded,
    "validated": _validated,
    "question_asked": lambda e, _w: f"asks: {_short(e.data.get('question'))}",
    "question_answered": lambda _e, _w: "answered",
    "completed": _completed,
    "failed": _failed,
    "reclaimed": _handed_back,
    "released": _handed_back,
    "relayed": _relayed,
    "cancelled": _cancelled,
    "deadlettered": lambda e, _w: f"dead letter {e.data.get('path', '')}",
    **dict.fromkeys(REFUSALS, lambda e, _w: _short(told_refusal(e))),
    "anomaly_flagged": lambda e, _w: f"note: {_short(e.data.get('note') or e.data.get('code'))}",
    "delivered": _sent,
    "delivery_failed": _sent,
    "ledger_repaired": lambda e, _w: f"ledger repaired: {cause(e)}",
    "segment_sealed": lambda _e, _w: "the ledger goes on in a new file",
    "daemon_started": _daemon,
    "daemon_stopped": _daemon,
    "board_written": lambda _e, _w: "board written",
    "cost_recorded": lambda e, _w: f"cost ${e.data.get('cost_usd') or 0:.4f}, known late",
    "space_freed": lambda e, _w: f"space freed: {e.data.get('bytes') or 0} bytes",
    "git_moved": lambda _e, _w: "git has another commit checked out",
}
