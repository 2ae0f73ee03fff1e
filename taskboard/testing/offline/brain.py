"""The model itself: a pure function from what is asked to a plausible, deterministic reply."""

from __future__ import annotations

import json

from taskboard.testing.offline.ask import Ask
from taskboard.testing.offline.deciding import decide, is_decision, is_judgement, judge
from taskboard.testing.offline.instance import instance
from taskboard.testing.offline.reply import Reply, Text
from taskboard.testing.offline.working import work


def answer(ask: Ask) -> Reply:
    """What the offline model says: it decides, judges or works where it is asked to, fills in any
    other form, and has a word for the rest."""
    if ask.schema is not None and is_decision(ask.schema):
        return _form(decide(ask, ask.schema))
    if ask.schema is not None and is_judgement(ask.schema):
        return _form(judge(ask.schema))
    if ask.tools:
        return work(ask)
    if ask.schema is not None:
        return _form(instance(ask.schema))
    return Reply(pieces=(Text(f"This is the offline model. It was told: {ask.last_user[:80]}"),))


def _form(value: object) -> Reply:
    return Reply(pieces=(Text(json.dumps(value, ensure_ascii=False)),))
