"""What is wrong with a board: one function per rule, each tested, none with a side effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from taskboard.core import field_rules, task_rules, waiting_rules
from taskboard.core.board import Board, Diagnosis
from taskboard.core.scope import Scope, scope_of
from taskboard.core.state import Status

Rule = Callable[[Scope], Iterator[Diagnosis]]

RULES: tuple[Rule, ...] = (
    task_rules.text,
    task_rules.duplicate_id,
    task_rules.two_statuses,
    task_rules.unknown_status,
    task_rules.future_time,
    task_rules.child_of_done,
    field_rules.empty_field,
    field_rules.unclosed_quote,
    field_rules.unclosed_code,
    field_rules.half_code,
    field_rules.bad_value,
    field_rules.odd_priority,
    field_rules.unknown_evidence,
    field_rules.project_outside,
    field_rules.not_a_list_item,
    field_rules.fields_too_large,
    waiting_rules.unclear_needs,
    waiting_rules.lost_blocker,
    waiting_rules.cycle,
)
"""Every rule; a new one is a function and a row here."""


def diagnose(
    board: Board,
    *,
    now: datetime,
    known: Mapping[str, Status] | None = None,
    roots: Sequence[str] = (),
    renamed: Mapping[str, str] | None = None,
) -> tuple[Diagnosis, ...]:
    """All diagnoses of ``board`` by line. ``now`` is UTC; ``known`` is the ledger's state by
    human id; ``roots`` are absolute folders in which a project may lie besides the board's;
    ``renamed`` are present ids by earlier ones."""
    scope = scope_of(board, now, known or {}, roots, renamed or {})
    found = {diagnosis for rule in RULES for diagnosis in rule(scope)}
    return tuple(sorted(found, key=lambda d: (d.line, d.column, d.code, d.message)))
