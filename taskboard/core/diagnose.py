"""What is wrong with a board: one function per rule, each tested, none with a side effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from taskboard.core import field_rules, task_rules, waiting_rules
from taskboard.core.board import Board, Diagnosis, Part, once
from taskboard.core.scope import Scope, on_board, scope_of
from taskboard.core.state import Status

Rule = Callable[[Scope], Iterator[Diagnosis]]
PartRule = Callable[[Part], Iterator[Diagnosis]]

PART_RULES: tuple[PartRule, ...] = (
    task_rules.two_statuses,
    task_rules.unknown_status,
    field_rules.empty_field,
    field_rules.unclosed_quote,
    field_rules.unclosed_code,
    field_rules.half_code,
    field_rules.bad_value,
    field_rules.odd_priority,
    field_rules.unknown_evidence,
    field_rules.not_a_list_item,
    field_rules.fields_too_large,
)
"""Rules that look at one heading and what stands under it, and at nothing else: asked once, for
as long as those bytes stay. A new one is a function and a row here."""

RULES: tuple[Rule, ...] = (
    task_rules.text,
    task_rules.duplicate_id,
    task_rules.future_time,
    task_rules.child_of_done,
    field_rules.project_outside,
    waiting_rules.unclear_needs,
    waiting_rules.lost_blocker,
    waiting_rules.cycle,
)
"""Rules that look at the whole board, at the ledger or at the time; likewise."""


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
    for item in board.items:
        found.update([on_board(diagnosis, item) for diagnosis in _of_part(item.first.part)])
    return tuple(sorted(found, key=lambda d: (d.line, d.column, d.code, d.message)))


@once
def _of_part(part: Part) -> tuple[Diagnosis, ...]:
    return tuple(diagnosis for rule in PART_RULES for diagnosis in rule(part))
