"""The test of the test: bugs planted in the product must be found by the same lives."""

from __future__ import annotations

import pytest
from lifeworld.life import Life
from lifeworld.table import Wrong

from taskboard.core import identity, reconcile, verb, wake
from taskboard.core.settings import Settings
from taskboard.loop import project, tick

SEEDS = 12
SETTINGS = Settings(owner="ann", poll=15.0)


def take_old_copies_for_intent(patch):
    patch.setattr(verb, "_is_stale", lambda *_: False)


def read_no_block(patch):
    patch.setitem(verb._VERBS, verb.Kind.BLOCKED, lambda *_: [])


def withdraw_what_is_gone_for_a_moment(patch):
    patch.setattr(wake, "GONE_FOR", 1.0)


def give_a_second_id_to_an_old_buffer(patch):
    patch.setattr(identity._Lost, "of_title", lambda *_: "")
    patch.setattr(identity._Lost, "of_text", lambda *_: "")


def restore_nothing(patch):
    patch.setattr(reconcile._Reader, "_restore", lambda _self, task: task)


def tidy_what_a_person_wrote(patch):
    real = project.render
    patch.setattr(project, "render", lambda *given: real(*given).replace(b" \n", b"\n"))


def claim_before_the_save_is_read(patch):
    real = tick._go_on

    async def choose(ctx, memory):
        memory.noticed = False
        await real(ctx, memory)

    async def whole(ctx, memory, **how):
        await turn(ctx, memory, **{**how, "board": how.get("board", True)})
        if not how.get("board", True):
            await choose(ctx, memory)

    turn = tick.tick
    patch.setattr("lifeworld.life.tick", turn)
    patch.setattr("taskboard.loop.daemon.tick", whole)


PLANTS = [
    take_old_copies_for_intent,
    read_no_block,
    withdraw_what_is_gone_for_a_moment,
    give_a_second_id_to_an_old_buffer,
    restore_nothing,
    tidy_what_a_person_wrote,
    claim_before_the_save_is_read,
]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(desk, monkeypatch, plant):
    plant(monkeypatch)
    for seed in range(SEEDS):
        try:
            Life(type(desk)(SETTINGS), seed).play()
        except Wrong:
            return
    pytest.fail(f"{plant.__name__} was not found by {SEEDS} lives")
