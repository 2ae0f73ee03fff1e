"""One run of the agent: the loop of answers and tools, until a report or a limit ends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from taskboard.agent_tools.kit import Kit, Result
from taskboard.anthropic_api import Trouble
from taskboard.core.conversation import (
    Block,
    Message,
    calls_of,
    fit,
    result_block,
    say,
    sound,
    text_block,
    weight,
)
from taskboard.core.redact import Redactor
from taskboard.core.report import REPORT_SCHEMA, Report, read_report
from taskboard.executors.claude.journal import Journal
from taskboard.executors.claude.service import Answer, Refused, Service

REPORT = "report"

REPORT_TOOL: dict[str, Any] = {
    "name": REPORT,
    "description": "End your work and say what came of it. Call it alone, as the last thing.",
    "strict": True,
    "input_schema": REPORT_SCHEMA,
}

NUDGES = 2
"""How often an agent that stops without a report is asked for one."""

_SQUEEZES = 3
"""How often a conversation that the service finds too long is made shorter."""
_CHARACTERS_PER_TOKEN = 3.0
"""A careful guess, until the service has counted."""
_NUDGE = (
    "You stopped without a report. If you are done, or cannot go on, call `report`; otherwise go"
    " on with your tools. Only `report` ends the task."
)
_ABOUT = ("command", "pattern", "path")
_CUT = "Your answer was cut off at its longest. Go on from there, in smaller pieces."
_PAUSED = "Go on."
_NOT_RUN = "Not run: the answer was cut off in the middle of this call."
_BLIND = (
    "Not accepted: a tool that you called together with this report has failed. Look at its"
    " result, then report alone."
)


@dataclass(frozen=True, slots=True)
class Limit:
    """Why a run ends without a report: ``reason`` as ``Failed`` has them, or ``trouble`` of the
    service."""

    reason: str
    error: str
    trouble: Trouble | None = None


@dataclass(kw_only=True)
class Session:
    """``messages`` stand in the journal already. ``fresh`` are those to begin anew with when the
    service does not take them; empty where there is nothing to choose. ``spent`` says what keeps
    the next answer from being asked for, or nothing. ``note`` is given lines for the log."""

    service: Service
    kit: Kit
    journal: Journal
    redactor: Redactor
    messages: list[Message]
    fresh: list[Message]
    max_turns: int
    context_tokens: int
    spent: Callable[[], Limit | None]
    note: Callable[[str], None]
    _nudges: int = 0
    _squeezes: int = 0
    _per_token: float = _CHARACTERS_PER_TOKEN
    _report: Report | None = field(default=None)

    async def run(self) -> Report | Limit:
        """To the report that ends it, or to a limit."""
        for _ in range(self.max_turns):
            limit = self.spent()
            if limit is not None:
                return limit
            self._shrink(self._room)
            try:
                answer = await self.service.ask(self.messages)
            except Refused as refused:
                if not self._recover(refused.trouble):
                    return Limit("provider", refused.trouble.message, refused.trouble)
                continue
            self.fresh = []
            self._measure()
            ended = await self._turn(answer)
            if ended is not None:
                return ended
        return Limit("turns", f"the agent did not report within {self.max_turns} turns")

    async def _turn(self, answer: Answer) -> Report | Limit | None:
        """What an answer means: the end, or what is said to it."""
        if answer.stop == "refusal":
            about = f" ({answer.category})" if answer.category else ""
            return Limit("refused", f"the model refuses this task{about}")
        whole = answer.stop not in ("max_tokens", "model_context_window_exceeded")
        blocks = _whole_blocks(answer.blocks, whole=whole)
        self._add({"role": "assistant", "content": [self._safe(block) for block in blocks]})
        calls = calls_of({"content": blocks})
        results = await self._use(calls)
        if self._report is not None:
            self._add({"role": "user", "content": results})
            return self._report
        words = self._words(answer.stop, called=bool(calls))
        if isinstance(words, Limit):
            return words
        self._add({"role": "user", "content": [*results, *map(text_block, words)]})
        return None

    def _words(self, stop: str, *, called: bool) -> list[str] | Limit:
        """What is said besides the results of tools."""
        if stop == "model_context_window_exceeded":
            if self._squeezes >= _SQUEEZES:
                return Limit("provider", "the conversation is too long for the model")
            self._squeeze()
        if stop in ("max_tokens", "model_context_window_exceeded"):
            return [_CUT]
        if called:
            return []
        if stop == "pause_turn":
            return [_PAUSED]
        self._nudges += 1
        if self._nudges > NUDGES:
            return Limit("verdict", "the agent ended without a report")
        return [_NUDGE]

    async def _use(self, calls: Sequence[Block]) -> list[Block]:
        """Each call once, in order; the report last, for it is about all of them."""
        done: dict[str, Result] = {}
        for call in sorted(calls, key=lambda call: call["name"] == REPORT):
            if call["name"] == REPORT:
                failed = any(result.failed for result in done.values())
                result = self._take_report(call["input"], failed)
            else:
                self.note(f"\n> {call['name']} {_brief(call['input'])}\n")
                result = await self.kit.use(call["name"], call["input"])
                self._show(call["name"], result)
            done[call["id"]] = result
        return [
            result_block(call["id"], self._text(done[call["id"]]), failed=done[call["id"]].failed)
            for call in calls
        ]

    def _take_report(self, given: Any, failed: bool) -> Result:
        found = read_report(sound(given))
        if isinstance(found, str):
            return Result(found, failed=True)
        if failed and found.status == "done":
            return Result(_BLIND, failed=True)
        self._report = self._report or found
        self.note(f"\n> {REPORT} {found.status}: {found.question or found.summary}\n")
        return Result("Accepted.")

    def _show(self, name: str, result: Result) -> None:
        """A command's output is in the log already; of the rest a line is enough."""
        last = result.text.rstrip().rpartition("\n")[2] if name == "run_command" else result.text
        mark = "!" if result.failed else "="
        self.note(f"\n{mark} {_first(last)}\n")

    def _add(self, message: Message) -> None:
        if message["role"] == "user":
            self.messages = say(self.messages, message["content"])
        else:
            self.messages = [*self.messages, message]
        self.journal.add(self.messages[-1])

    def _text(self, result: Result) -> str:
        return str(sound(self.redactor.redact(result.text))) or "[nothing]"

    def _safe(self, block: Block) -> Block:
        """As it is kept: without secrets. The seal of a thought does not survive a change, so
        what is sealed is not looked into."""
        if block["type"] == "text":
            return text_block(sound(self.redactor.redact(block["text"])))
        if block["type"] == "tool_use":
            given = self.redactor.redact_data(_object(block["input"]))
            return {**block, "input": sound(given)}
        return block

    # The size of it.

    @property
    def _room(self) -> int:
        tokens = max(self.context_tokens - self.service.max_tokens, self.context_tokens // 2)
        return int(tokens * self._per_token) - self._fixed

    @property
    def _fixed(self) -> int:
        """Characters that are the same in every request."""
        return weight([*self.service.system, *self.service.tools])

    def _measure(self) -> None:
        """How many of our characters the service takes for a token. Never more than the guess by
        half, so that one odd answer cannot make us careless."""
        if (tokens := self.service.prompt) > 1000:
            found = (self._fixed + weight(self.messages)) / tokens
            self._per_token = min(max(found, 0.5), _CHARACTERS_PER_TOKEN * 1.5)

    def _shrink(self, room: int) -> None:
        """Far below the limit at once: each time costs the cache."""
        if weight(self.messages) > room:
            self._give_up_to(room // 2)

    def _squeeze(self) -> None:
        self._squeezes += 1
        self._give_up_to(weight(self.messages) // 2)

    def _give_up_to(self, size: int) -> None:
        self.messages = fit(self.messages, size)
        self.journal.begin(self.messages)
        self.note("\n[The conversation grew long: its oldest parts were given up.]\n")

    def _recover(self, trouble: Trouble) -> bool:
        """Whether the same can be asked for in another way: anew where an earlier conversation is
        not taken, shorter where it may be too long (which services also call a bad request)."""
        if self.fresh and trouble.kind == "bad_request":
            self.note(f"\n[{trouble.message} The earlier conversation is of no use: anew.]\n")
            self.messages, self.fresh = self.fresh, []
            self.journal.begin(self.messages)
            return True
        before = weight(self.messages)
        large = trouble.kind == "bad_request" and before > self._room // 2
        if self._squeezes >= _SQUEEZES or not (large or trouble.kind == "too_large"):
            return False
        self._squeeze()
        return weight(self.messages) < before


def _whole_blocks(blocks: Sequence[Block], *, whole: bool) -> list[Block]:
    """A tool call at the very end of an answer that was cut is half a call: never run."""
    found = list(blocks)
    if not whole and found and found[-1]["type"] == "tool_use":
        found[-1] = text_block(f"[{found[-1]['name']}: {_NOT_RUN}]")
    return found or [text_block("(nothing was said)")]


def _object(given: Any) -> Any:
    return given if isinstance(given, dict) else {"given": given}


def _brief(given: Any) -> str:
    """What a call is about; what it writes is in the file."""
    if not isinstance(given, dict):
        return _first(str(given))
    return _first(" ".join(str(given[name]) for name in _ABOUT if name in given))


def _first(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:197]}..."
