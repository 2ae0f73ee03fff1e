"""What may be removed to free space, by the events alone."""

from taskboard.core.event import Event
from taskboard.core.event import EventType as E
from taskboard.core.space import Limits, Stored, Survey
from taskboard.core.task import World

SAVED, WRITTEN, HELD, OLD = ("1" * 64, "2" * 64, "3" * 64, "4" * 64)
EVERYTHING = Limits(cutoff="2026-11-20T00:00:00Z", young="2026-11-20T00:00:00Z", at_most=0)


def told(seq, kind, **data):
    nothing = dict.fromkeys(("task", "from_", "to", "agent", "run", "attempt", "spent", "step"))
    return Event(
        **nothing,
        v=1,
        seq=seq,
        ts=f"2026-01-0{seq}T00:00:00.000000Z",
        type=kind,
        actor="board",
        device="here",
        task_id=None,
        id=f"id{seq}",
        data=data,
        more=0,
        prev="",
        hash="",
    )


def test_under_a_hold_the_last_text_that_was_written_is_needed_too():
    """A save, what was written over it whole (so that no event but its own names it), and a save
    that is held: `rebuild` puts the second back."""
    survey = Survey(objects=frozenset({OLD, SAVED, WRITTEN, HELD}), runs=frozenset())
    survey.note(told(1, E.FILE_CHANGED_TRIGGERED, digest=OLD), OLD.encode())
    survey.note(told(2, E.FILE_CHANGED_TRIGGERED, digest=SAVED), SAVED.encode())
    survey.note(told(3, E.BOARD_WRITTEN, digest=WRITTEN), WRITTEN.encode())
    survey.note(told(4, E.FILE_CHANGED_TRIGGERED, digest=HELD, held="empty"), HELD.encode())
    world = World()
    world.read, world.digest, world.board = SAVED, HELD, HELD
    lie = [Stored(name=n, size=9, written="2026-01-01T00:00:00Z") for n in survey.objects]
    assert [one.name for one in survey.plan(world, lie, (), EVERYTHING).objects] == [OLD]
