"""The model itself: a pure function from what is asked to a plausible, deterministic reply."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from taskboard.testing.offline.ask import Ask
from taskboard.testing.offline.deciding import decide, is_decision, is_judgement, judge
from taskboard.testing.offline.instance import instance
from taskboard.testing.offline.reply import Reply, Text, Thought, ToolUse
from taskboard.testing.offline.working import work


def answer(ask: Ask) -> Reply:
    """What the offline model says: it decides, judges or works where it is asked to, fills in any
    other form, and has a word for the rest. Where models think first, so does it; what it thinks
    stays hidden, as is usual."""
    reply = _answer(ask)
    return replace(reply, pieces=(Thought(), *reply.pieces)) if ask.thinks else reply


def _answer(ask: Ask) -> Reply:
    if ask.must and ask.tools:
        tool = ask.tool(ask.must) or ask.tools[0]
        return Reply(pieces=(ToolUse(tool.name, _fill(ask, {"type": "object", **tool.schema})),))
    if ask.tools:
        return work(ask)
    if ask.schema is not None:
        said = json.dumps(_fill(ask, ask.schema), ensure_ascii=False)
        return Reply(pieces=(Text(said),))
    return Reply(pieces=(Text(f"This is the offline model. It was told: {ask.last_user[:80]}"),))


def _fill(ask: Ask, schema: Mapping[str, Any]) -> Any:
    if is_decision(schema):
        return decide(ask, schema)
    return judge(schema) if is_judgement(schema) else instance(schema)
