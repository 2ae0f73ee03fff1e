"""The test of the test: bugs planted in the product must be found by the same seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from simworld.stage import Violation
from simworld.world import Simulation

from taskboard.core import ending, fold
from taskboard.core.gate import Verdict
from taskboard.core.outcome import Tier
from taskboard.ledgers.jsonl.flush import Flusher
from taskboard.ledgers.jsonl.objects import Objects
from taskboard.ledgers.leases import DirectoryLeases
from taskboard.loop import daemon, project, reclaim, start, work
from taskboard.loop.displaced import digest
from taskboard.loop.swap import Swap, Written

SEEDS = 50
Plant = Callable[[pytest.MonkeyPatch], None]


def acknowledge_before_the_sync(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Flusher, "_run", lambda _self: None)


def skip_the_fence(patch: pytest.MonkeyPatch) -> None:
    def open_to_any_run(rule: Any) -> Any:
        rows = {
            kind: row._replace(run="any") if row.run == "current" else row
            for kind, row in rule.rows.items()
        }
        return rule._replace(rows=rows)

    patch.setattr(fold, "guard", lambda *_, **__: None)
    patch.setattr(fold, "_RULES", {t: open_to_any_run(rule) for t, rule in fold._RULES.items()})


def forget_to_look_at_what_came_off(patch: pytest.MonkeyPatch) -> None:
    def forget(self: Swap, _board: Any, slot: Any, *_rest: Any) -> Written:
        self._files.remove(self._displaced.file(slot))
        return Written()

    patch.setattr(Swap, "_look", forget)


def write_without_keeping_what_was_saved(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Objects, "keep", lambda _self, data: digest(data))


def retry_without_bound(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ending, "max_attempts", lambda *_: 1 << 30)


def claim_while_the_last_run_is_still_at_work(patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: Any) -> None:
        return

    patch.setattr(start, "end_predecessor", nothing)


def drop_leases_of_others(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reclaim, "_judged", lambda *_: "it has lived long enough")
    patch.setattr(DirectoryLeases, "_is_own", lambda *_: True)


def let_everything_through_the_gate(patch: pytest.MonkeyPatch) -> None:
    passed = Verdict(ok=True, tier=Tier.OUTPUT, receipts=())
    patch.setattr(work, "gate", lambda *_: passed)


def write_no_dead_letters(patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: Any) -> None:
        return

    patch.setattr(project, "_letters", nothing)


def tidy_up_what_a_person_wrote(patch: pytest.MonkeyPatch) -> None:
    real = project.render

    def tidy(*given: Any) -> bytes:
        return real(*given).replace(b"Do this. ", b"Do that. ")

    patch.setattr(project, "render", tidy)


def never_notice_that_a_holder_died(patch: pytest.MonkeyPatch) -> None:
    async def nobody(*_: Any) -> bool:
        return False

    patch.setattr(daemon, "has_dead", nobody)


def be_due_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(daemon, "due", lambda *_, **__: 0.0)


def record_no_write_back(patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: Any) -> None:
        return

    patch.setattr(project, "remember", nothing)


PLANTS: list[Plant] = [
    acknowledge_before_the_sync,
    skip_the_fence,
    forget_to_look_at_what_came_off,
    write_without_keeping_what_was_saved,
    retry_without_bound,
    claim_while_the_last_run_is_still_at_work,
    drop_leases_of_others,
    let_everything_through_the_gate,
    write_no_dead_letters,
    tidy_up_what_a_person_wrote,
    never_notice_that_a_holder_died,
    be_due_for_ever,
    record_no_write_back,
]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    for seed in range(SEEDS):
        found = trouble(seed)
        if found is not None:
            assert isinstance(found.__cause__, Violation), found
            return
    pytest.fail(f"{plant.__name__} was not found by {SEEDS} seeds")


def trouble(seed: int) -> Violation | None:
    """What is wrong with a short life of this seed."""
    try:
        Simulation(seed, steps=100).play()
    except Violation as found:
        return found
    return None
