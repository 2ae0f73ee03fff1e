"""The model against the ledger: every verb that was read was meant, and every one that was meant
was read."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from lifeworld.hands import kind
from lifeworld.rest import everything_is_at_rest, everything_is_kept
from lifeworld.saves import Diary, Intent, Save
from lifeworld.table import Wrong, may_follow
from lifeworld.texts import JOB

_HARMLESS = {"TB301", "terminal_blocked", "transition_blocked"}
"""What an old copy may bring: words that change no state."""
_GONE = 59.0


class Judge:
    """Reads the ledger of a life when it is over."""

    def __init__(self, desk: Any, diary: Diary) -> None:
        self.desk, self.diary = desk, diary
        self.events: list[Any] = []
        self.jobs: dict[str, str] = {}
        self.states: dict[str, str] = {}
        self.names: dict[str, set[str]] = {}
        self.shown: dict[str, set[str]] = {}
        self.before: dict[str, str] = {}
        """The states from which jobs were withdrawn."""
        self.titles: dict[str, str] = {}
        self.delivered: dict[int, int] = {}
        self.typed: dict[str, int | None] = {}
        """Jobs whose present state a person typed: the intent, None for an old text's word."""
        self.seen: list[tuple[float, Save]] = []
        self.doubts: list[str] = []
        self.split: set[str] = set()
        """Jobs that became two tasks where that cannot be helped: not judged any further."""

    def _load(self) -> None:
        lines = self.desk.files.read(self.desk.workspace.ledger).splitlines()
        self.events = [json.loads(line) for line in lines]

    def story(self) -> list[str]:
        """The ledger in short."""
        self._load()
        return [
            f"{e['seq']:5} {e['ts'][11:23]} {e['type']} {e['task'] or ''} {e['from'] or ''} -> "
            f"{e['to'] or ''} by {e['actor']} {str(e['data'])[:150]}"
            for e in self.events
        ]

    async def judge(self) -> None:
        """Raises ``Wrong``."""
        self._load()
        commit: list[dict[str, Any]] = []
        for event in self.events:
            commit.append(event)
            if event["more"] == 0:
                self._commit(commit)
                commit = []
        everything_is_kept(self)
        everything_is_at_rest(self)

    # One commit after the other.

    def _commit(self, events: list[dict[str, Any]]) -> None:
        triggers = [e for e in events if e["type"] == "file_changed_triggered"]
        if triggers:
            self._save_read(triggers[0], events)
        for event in events:
            self._common(event)

    def _common(self, event: dict[str, Any]) -> None:
        """What holds of every event."""
        if event["task_id"] is None:
            return
        job = self._job(event)
        if job in self.split:
            return
        where = f"event {event['seq']} {event['type']} of {job}"
        before, after = event["from"], event["to"]
        if before == "done" and after not in (None, "done"):
            raise Wrong(f"{where}: done became {after}")
        if (before or "").startswith("failed") and after not in (None, before, "ready"):
            raise Wrong(f"{where}: {before} became {after}")
        if event["type"] in ("reclaimed", "released", "relayed"):
            raise Wrong(f"{where}: nobody stopped or died")
        if event["type"] == "cancelled" and event["actor"] != "board":
            raise Wrong(f"{where}: nobody cancelled it")
        if event["type"] == "claimed":
            self._claimed(event, job, where)
        if event["type"] == "withdrawn" or event["data"].get("withdrawing"):
            self._withdrawn(event, job, where)
        self.titles[job] = event["data"].get("title", self.titles.get(job))
        if after == "withdrawn":
            self.before[job] = before
        if after and after != before:
            self.states[job] = after
            self.shown.setdefault(job, set()).add(after)
            if event["actor"] != "board" and after != "withdrawn":
                self.typed.pop(job, None)

    def _job(self, event: dict[str, Any]) -> str:
        title = event["data"].get("title", "")
        found = JOB.search(title)
        if event["type"] == "created":
            job = found[0] if found else title
            if job in self.jobs.values() and not self._may_split(job):
                raise Wrong(f"event {event['seq']}: {job} is created twice")
            self.jobs[event["task_id"]] = job
        elif found and found[0] != self.jobs[event["task_id"]]:
            raise Wrong(f"event {event['seq']}: {self.jobs[event['task_id']]} became {found[0]}")
        job = self.jobs[event["task_id"]]
        self.names.setdefault(job, set()).add(event["task"])
        return job

    @staticmethod
    def _at(event: dict[str, Any]) -> float:
        return datetime.fromisoformat(event["ts"]).timestamp()

    def _claimed(self, event: dict[str, Any], job: str, where: str) -> None:
        at = self._at(event)
        stood = [s for s in self.diary.saves if s.at < at - 1e-3][-1]
        read = self.seen and self.seen[-1][1].index >= stood.index
        if not read and not stood.odd and not stood.same:
            raise Wrong(f"{where}: claimed although save #{stood.index} was not read")
        save = self.seen[-1][1]
        if job not in save.words:
            raise Wrong(f"{where}: claimed, and save #{save.index} does not hold it (once)")

    def _withdrawn(self, event: dict[str, Any], job: str, where: str) -> None:
        since = None
        for at, save in reversed(self.seen):
            if job in save.jobs:
                break
            since = at
        if since is None or self._at(event) - since < _GONE:
            raise Wrong(f"{where}: its section was not gone for a minute")

    # A save that was read.

    def _save_read(self, trigger: dict[str, Any], events: list[dict[str, Any]]) -> None:
        at, data = self._at(trigger), trigger["data"]
        found = [s for s in self.diary.saves if s.digest == data["digest"] and s.at <= at]
        if not found:
            raise Wrong(f"event {trigger['seq']}: bytes were read that nobody saved")
        save = found[-1].among(self.states)
        self._held(save, data.get("held"))
        if data.get("held"):
            return
        self.seen.append((at, save))
        new = save.lineage - set(self.delivered)
        last: dict[str, Intent] = {}
        for number in sorted(new):
            last[self.diary.intents[number].job] = self.diary.intents[number]
        verbs = self._verbs(events)
        for job in save.words:
            self._word(save, job, last.get(job), verbs.pop(job, []))
        if verbs:
            raise Wrong(f"save #{save.index}: verbs for what it does not hold once: {verbs}")
        for number in new:
            if self.diary.intents[number].job in save.words:
                self.delivered[number] = save.index
        for job, word in save.words.items():
            self.shown.setdefault(job, set()).add(word)

    def _held(self, save: Save, held: str | None) -> None:
        """Held is what is no board, and what lost more than 30 % of 5 open tasks at once."""
        if save.odd == "half":
            return
        alive = {
            j for j, s in self.states.items() if kind(s) not in ("done", "failed", "withdrawn")
        }
        if self.seen:
            alive &= self.seen[-1][1].jobs
        gone = alive - save.jobs
        doubted = len(alive) >= 5 and len(gone) > 0.3 * len(alive)
        strange = bool(self.states) and not save.jobs & set(self.states)
        if save.digest in self.diary.accepted and held is None:
            return
        wanted = save.odd or ("gone" if doubted else "empty" if strange else None)
        unsure = (doubted and strange) or (self.split and held in (None, "gone"))
        if held != wanted and not unsure:
            raise Wrong(f"save #{save.index} was held for {held}, not for {wanted}")

    def _verbs(self, events: list[dict[str, Any]]) -> dict[str, list[str]]:
        """What a commit says of states, by job."""
        found: dict[str, list[str]] = {}
        born = {e["task_id"]: e["data"]["title"] for e in events if e["type"] == "created"}
        for event in events:
            kind_ = event["type"]
            if event["task_id"] is None or (
                kind_ == "edited" and not event["data"].get("requested")
            ):
                continue
            title = born.get(event["task_id"], "")
            job = self.jobs.get(event["task_id"]) or str((JOB.search(title) or [title])[0])
            code = event["data"].get("code")
            name = "asked" if kind_ == "edited" else code if kind_ == "anomaly_flagged" else kind_
            found.setdefault(job, []).append(str(name))
        return found

    def _may_split(self, job: str) -> bool:
        """Identity has limits: an id exchanged in a text that is not the newest, and a section
        that never had an id of its own and comes back after it was gone."""
        before = self.seen[-2][1].jobs if len(self.seen) > 1 else frozenset()
        away = job not in self.diary.named and job not in before
        if away or job in self.diary.exchanged:
            self.split.add(job)
        return job in self.split

    def _word(self, save: Save, job: str, intent: Intent | None, verbs: list[str]) -> None:
        again = verbs[:1] == ["created"] and job in self.states and self._may_split(job)
        word, state = save.words[job], None if again else self.states.get(job)
        if job in self.split and not again:
            return
        where = f"save #{save.index} ({save.who}: {save.what}), {job} is {state}, says {word}"
        if state is None:
            if verbs[:1] != ["created"]:
                raise Wrong(f"{where}: created was expected, not {verbs}")
            self.typed[job] = intent.number if intent else None
            return
        if state == "withdrawn":
            if verbs[:1] != ["restored"]:
                self._not_back(save, job, where, verbs)
                return
            state, verbs = self.before[job], verbs[1:]
        wanted = may_follow(word, state)
        meant = intent is not None and intent.word == word
        if meant and intent is not None:
            outdated = (intent.seen or "") != state or word in self.shown.get(job, set())
            fine = set(verbs) == wanted or (outdated and set(verbs) <= {"TB301"})
            if outdated and not verbs and wanted:
                self.doubts.append(where)
        else:
            over_a_person = job in self.typed and self.typed[job] not in save.lineage
            fine = set(verbs) <= _HARMLESS or (over_a_person and set(verbs) == wanted)
            if fine and set(verbs) - {"TB301"}:
                self.doubts.append(f"{where}: {verbs} over what a person typed")
        if not fine:
            raise Wrong(f"{where}: meant {intent}, wanted {wanted}, read {verbs}")
        if set(verbs) & {"unblocked", "requeued", "blocked", "cancelled"}:
            self.typed[job] = intent.number if meant and intent else None

    def _not_back(self, save: Save, job: str, where: str, verbs: list[str]) -> None:
        """A section that came back under another title is held."""
        same = self.titles[job] in save.data.decode().replace("\r\n", "\n")
        if same or verbs:
            raise Wrong(f"{where}: it is back and not restored: {verbs}")
        self.doubts.append(f"{where}: back under another title")
