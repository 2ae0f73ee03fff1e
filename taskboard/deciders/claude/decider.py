"""Decides with a model of the Anthropic API: one call at most, and none where nothing is new.

Whatever goes wrong (no key, a refusal, an answer off the schema, a service that is down) another
decider decides instead, and the decision says why and what it has cost all the same.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

from msgspec.structs import asdict, replace

from taskboard.anthropic_api import NO_KEY, Trouble, has_key
from taskboard.core.admit import dispose
from taskboard.core.bill import NOTHING, Bill
from taskboard.core.deciding import (
    ANSWER_SCHEMA,
    JUDGEMENT_SCHEMA,
    Answer,
    Asked,
    ask,
    claim_state,
    read_answer,
    read_judgement,
)
from taskboard.core.decision import Candidate, Claim, Decision, Judgement, Pick, Question
from taskboard.core.redact import Redactor, secrets_of
from taskboard.decider import Desk
from taskboard.deciders.claude.call import Heard, Options, consult
from taskboard.deciders.claude.prompts import JUDGE, built_in, rules
from taskboard.log import log

_HOLDS = 600.0
"""Seconds (sleep counted) that an answer holds for a question that has not changed."""
_LONG_PAUSE, _PAUSE = 300.0, 30.0
"""Seconds without a question after a trouble that needs a hand, and after a lost deadline."""
_NEEDS_A_HAND = {"auth", "billing", "no_model"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was said to a question, and until when that holds (seconds since boot)."""

    digest: str
    until: float
    picks: tuple[Pick, ...] = ()
    trouble: Trouble | None = None


class Decider:
    """Asks the model about a question that is new. Remembers the last answer, and a service that
    wants to be left alone; nothing else."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._options = Options.of(desk.options)
        self._redactor = Redactor(secrets_of(desk.environ))
        self._known: _Known | None = None
        self._paused: tuple[float, Trouble] | None = None
        self._owed = NOTHING  # paid for a judgement that came to nothing: the next one says it

    async def decide(self, question: Question) -> Decision:
        if not (question.candidates and question.slots > 0) and not question.promotable:
            return Decision(picks=(), by="claude")
        prompt = await asyncio.to_thread(rules, self._desk.root, self._options.prompt)
        if isinstance(prompt, Trouble):
            return await self._fall_back(question, prompt)
        asked = ask(self._redacted(question), budget=self._options.token_budget)
        digest = hashlib.sha256(f"{asked.digest}{prompt}".encode()).hexdigest()
        now = self._desk.clock.boot()
        known = self._known
        if known is not None and known.digest == digest and now < known.until:
            again = {"repeated": True}
            if known.trouble is not None:
                return await self._fall_back(question, known.trouble, data=again)
            return Decision(picks=known.picks, by="claude", data=again)
        hindrance = self._hindrance(question, now)
        if hindrance is not None:
            return await self._fall_back(question, hindrance)
        return await self._ask(question, asked, prompt, digest)

    async def judge(self, claim: Claim, /) -> Judgement | None:
        if not has_key(self._desk.environ):
            fallback = self._desk.fallback
            return await fallback.judge(claim) if fallback is not None else None
        redact = self._redactor.redact
        state = claim_state(Claim(**{name: redact(v) for name, v in asdict(claim).items()}))
        heard = await self._consult(built_in(JUDGE), state=state, schema=JUDGEMENT_SCHEMA)
        judged = read_judgement(heard.text) if heard.trouble is None else heard.trouble.message
        if isinstance(judged, str):
            log.warning("%s: its measure cannot be judged. %s", claim.task, judged)
            self._owed = self._owed.plus(heard.bill)
            return None
        ok, reason = judged
        return Judgement(ok=ok, reason=reason, by="claude", bill=self._settled(heard.bill))

    async def _ask(self, question: Question, asked: Asked, prompt: str, digest: str) -> Decision:
        began = self._desk.clock.awake()
        heard = await self._consult(prompt, asked.data, state=asked.state, schema=ANSWER_SCHEMA)
        data = {
            **heard.data,
            "ms": round(1000 * (self._desk.clock.awake() - began)),
            "asked": "board" if asked.whole else "candidates",
            "offered": asked.offered,
        }
        answer = heard.trouble or _answer(heard.text, asked, question)
        if isinstance(answer, Trouble):
            self._remember(digest, trouble=answer)
            return await self._fall_back(question, answer, heard.bill, data)
        self._remember(digest, answer.picks)
        data |= {"rejected": dict(answer.unread)} if answer.unread else {}
        bill = self._settled(heard.bill)
        return Decision(picks=answer.picks, by="claude", bill=bill, data=data)

    async def _consult(self, *system: str, state: str, schema: dict[str, Any]) -> Heard:
        desk = self._desk
        return await consult(
            desk.environ, self._options, desk.prices, system=system, state=state, schema=schema
        )

    def _hindrance(self, question: Question, now: float) -> Trouble | None:
        """Why the model is not to be asked now."""
        if not has_key(self._desk.environ):
            return NO_KEY
        budget = question.budget_usd
        if budget is not None and question.spent_usd >= budget:
            return Trouble(kind="budget", message=f"The ${budget:.2f} of today are spent.")
        if self._paused is not None and now < self._paused[0]:
            return self._paused[1]
        return None

    def _remember(
        self, digest: str, picks: tuple[Pick, ...] = (), trouble: Trouble | None = None
    ) -> None:
        """An answer holds for its question, a trouble of the service for every one."""
        now = self._desk.clock.boot()
        if trouble is not None and (trouble.retryable or trouble.kind in _NEEDS_A_HAND):
            pause = _LONG_PAUSE if trouble.kind in _NEEDS_A_HAND else trouble.retry_after or 0.0
            pause = max(pause, _PAUSE) if trouble.kind == "timeout" else pause
            self._paused = (now + min(pause, _HOLDS), trouble)
            return
        self._known = _Known(digest=digest, until=now + _HOLDS, picks=picks, trouble=trouble)

    async def _fall_back(
        self,
        question: Question,
        trouble: Trouble,
        bill: Bill = NOTHING,
        data: dict[str, Any] | None = None,
    ) -> Decision:
        why = f"{trouble.kind}: {trouble.message} {trouble.hint}".strip()
        paid = self._settled(bill)
        if self._desk.fallback is None:
            return Decision(picks=(), by="claude", fallback=why, bill=paid, data=data)
        other = await self._desk.fallback.decide(question)
        both = {**(other.data or {}), **(data or {})}
        return replace(other, fallback=why, bill=paid.plus(other.bill), data=both or None)

    def _settled(self, bill: Bill) -> Bill:
        owed, self._owed = self._owed, NOTHING
        return owed.plus(bill)

    def _redacted(self, question: Question) -> Question:
        """Without the secrets of this environment: a board may quote one."""
        redact = self._redactor.redact

        def without(found: Candidate) -> Candidate:
            return replace(
                found,
                title=redact(found.title),
                text=redact(found.text),
                measure=redact(found.measure),
                inputs=tuple(map(redact, found.inputs)),
            )

        return replace(
            question,
            candidates=tuple(map(without, question.candidates)),
            board=redact(question.board),
            diagnoses=tuple(map(redact, question.diagnoses)),
            history=tuple(map(redact, question.history)),
        )


def make(desk: Desk) -> Decider:
    """Never fails: without a key every decision is the fallback's."""
    return Decider(desk)


def _answer(text: str, asked: Asked, question: Question) -> Answer | Trouble:
    """What counts of an answer."""
    read = read_answer(text, asked)
    if isinstance(read, str):
        return Trouble(kind="off_schema", message=read)
    dropped = dispose(Decision(picks=read.picks, by="claude"), question).dropped
    unread = Counter(read.unread) + Counter(drop.why for drop in dropped)
    gone = {id(drop.pick) for drop in dropped}
    picks = tuple(pick for pick in read.picks if id(pick) not in gone)
    if not picks:
        counts = ", ".join(f"{n} {why}" for why, n in sorted(unread.items())) or "it has none"
        return Trouble(kind="empty", message=f"No proposal of the answer counts: {counts}.")
    return Answer(picks=picks, unread=unread)
