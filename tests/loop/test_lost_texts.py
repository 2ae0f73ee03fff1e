"""Where a text of the board is lost, the ledger gives back what is nearest to it, and says so."""

from __future__ import annotations

import pytest

from taskboard.core.past import Trail
from taskboard.errors import NotFound
from taskboard.loop import people
from tests.loop.test_rebuild import BOARD, rebuilt, remove


def lose_newest(desk, saves):
    """Two saves and what was written over each; then the second save's text is gone."""
    for text in saves:
        desk.save(text)
        desk.once()
    lost = [e for e in desk.facts() if e.type == "file_changed_triggered"][-1].data["digest"]
    desk.files.remove(desk.workspace.objects / lost)
    remove(desk)


def test_where_a_text_is_lost_the_newest_that_can_be_made_is_written(desk):
    first = BOARD + "\n## TASK-002 Two\n- status: todo\n"
    lose_newest(desk, [first, first + "\n## TASK-003 Three\n- status: todo\n\nits words\n"])
    done = rebuilt(desk)
    assert done.deed == "made"
    assert "- status: done" in desk.board
    assert "## TASK-003 Three\n- status: todo\n\nits words\n" in desk.board
    events = len(desk.facts())
    desk.once(wait=0)
    assert len(desk.facts()) == events, desk.facts()[events:]


def test_where_every_text_is_lost_that_is_said(desk):
    desk.save(BOARD)
    desk.once()
    for event in desk.facts():
        if event.type == "file_changed_triggered":
            desk.files.remove(desk.workspace.objects / event.data["digest"])
    remove(desk)
    with pytest.raises(NotFound, match="is lost"):
        rebuilt(desk)


def test_a_write_over_a_text_that_nobody_tells_of_gives_none(desk):
    desk.save(BOARD.replace("ready", "todo"))
    desk.once()
    desk.save(desk.board.replace("words", "other words"))
    desk.once()
    desk.say(people.say_block, desk.task("TASK-001"), "ann", "wait", "ann")
    desk.say(people.say_ready, desk.task("TASK-001"), "ann")
    told = [e for e in desk.facts() if e.type in ("file_changed_triggered", "board_written")]
    save = max(n for n, e in enumerate(told) if e.type == "file_changed_triggered")
    assert [("edits" in e.data) for e in told[save:]] == [False, True, True]
    trail = Trail()
    for event in told[:save]:
        trail.note(event)
    before = trail.last
    for event in told[save + 1 :]:
        assert trail.note(event)
        assert (trail.last, trail.good, trail.lost) == (before, before, event)
    trail.note(told[save])
    assert (trail.last.seq, trail.lost) == (told[save].seq, None)
