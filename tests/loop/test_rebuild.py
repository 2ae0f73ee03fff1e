"""The ledger gives the board back, byte for byte: now, and as it was at every recorded moment."""

from __future__ import annotations

import contextlib
import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskboard.core.past import Trail
from taskboard.core.units import stamp
from taskboard.errors import BoardHeld, NotFound, TaskboardError
from taskboard.loop import people
from taskboard.loop.command import add
from taskboard.loop.context import Memory
from taskboard.loop.past import present, text_at
from taskboard.loop.rebuild import rebuild

BOARD = "# B\n\n## TASK-001 One\n- status: ready\n- run: ok\n\nwords\n"


def remove(desk, *names):
    for name in names or ("projection", "checkpoint", "locks", "displaced"):
        desk.files.remove_folder(desk.workspace.state / name)
        desk.files.remove(desk.workspace.state / name)
    desk.files.remove(desk.workspace.board)
    desk.open()


def rebuilt(desk):
    return desk.play(rebuild(desk.ctx, Memory()))


def stands(desk):
    return desk.files.read(desk.workspace.board)


def lose_and_rebuild(desk):
    """The board before it was lost; fails unless the ledger gives the same back."""
    before = stands(desk)
    desk.play(desk.ctx.ledger.look())
    events = len(desk.facts())
    remove(desk)
    assert desk.play(present(desk.ctx)).data == before
    done = rebuilt(desk)
    assert (done.deed, done.data) == ("made", before)
    assert stands(desk) == before
    desk.once(wait=0)
    assert stands(desk) == before
    assert len(desk.facts()) == events, desk.facts()[events:]
    return before


def test_a_board_that_is_lost_with_every_record_of_it_comes_back_byte_for_byte(desk):
    desk.save(BOARD)
    desk.once()
    assert "- result: ran (exit)" in desk.board

    lose_and_rebuild(desk)


def test_the_runtimes_lines_are_known_as_its_own_afterwards(desk):
    desk.save(BOARD.replace("run: ok", "run: final"))
    desk.once()
    lose_and_rebuild(desk)
    desk.say(people.say_ready, desk.task("TASK-001"), "ann")

    assert desk.board.count("- result:") == 0
    assert desk.board == BOARD.replace("run: ok", "run: final")


def test_a_section_that_a_command_added_comes_back_with_the_board(desk):
    desk.save(BOARD)
    desk.once()
    desk.play(_add(desk))
    before = stands(desk)
    assert b"TASK-002 Two" in before

    assert lose_and_rebuild(desk) == before


async def _add(desk):
    from taskboard.loop.command import begin, end

    memory = Memory()
    await begin(desk.ctx, memory)
    await add(
        desk.ctx, memory, "Two", status="todo", fields=(), body="key=hunter2secret", actor="ann"
    )
    await end(desk.ctx, memory)


def test_what_the_ledger_learnt_while_the_board_was_away_is_on_it(desk):
    desk.save(BOARD.replace("ready", "todo"))
    desk.once()
    desk.files.remove(desk.workspace.board)
    desk.say(people.say_block, desk.task("TASK-001"), "ann", "wait", "ann")
    rebuilt(desk)

    assert "- status: blocked:ann:wait" in desk.board


def test_a_board_that_is_there_is_read_first_and_stays(desk):
    desk.save(BOARD)
    desk.once()
    desk.retype("words\n", "other words\n")
    before = stands(desk)

    assert rebuilt(desk).deed == "same"
    assert stands(desk) == before
    assert desk.events("TASK-001")[-1] == "edited"


def test_an_unread_save_is_read_before_anything_is_written(desk):
    desk.save(BOARD.replace("ready", "todo"))
    desk.once()
    desk.retype("todo", "ready")
    assert rebuilt(desk).deed == "same"
    assert desk.state("TASK-001") == "ready"


def many(*numbers):
    sections = (f"## TASK-{n:03d} T{n}\n- status: todo\n\ntext {n}\n\n" for n in numbers)
    return "# B\n\n" + "".join(sections)


@pytest.mark.parametrize("text", ["", "# B\n", many(1, 2, 3), many(*range(1, 9)) + "```\nopen\n"])
def test_a_held_board_is_put_aside_and_replaced_by_the_text_before_it(desk, text):
    desk.save(many(*range(1, 9)))
    desk.once()
    before = stands(desk)
    desk.save(text)
    desk.turn()
    assert desk.memory.sight.held is not None

    done = rebuilt(desk)

    assert done.deed == "replaced"
    assert stands(desk) == before
    assert desk.files.read(done.aside) == text.encode()
    desk.turn()
    assert desk.memory.sight.held is None
    assert stands(desk) == before
    assert {t.kind for t in desk.play(desk.ctx.ledger.look()).tasks.values()} == {"open"}


def test_in_a_merge_nothing_is_rebuilt(desk):
    desk.save(many(*range(1, 9)))
    desk.once()
    marked = many(*range(1, 9)) + "<<<<<<< ours\none\n=======\ntwo\n>>>>>>> theirs\n"
    desk.save(marked)

    with pytest.raises(BoardHeld):
        rebuilt(desk)
    assert desk.board == marked
    assert desk.files.names(desk.workspace.conflicts) == []


def test_without_a_board_that_was_ever_read_there_is_nothing_to_rebuild(desk):
    with pytest.raises(NotFound):
        rebuilt(desk)
    assert not desk.files.exists(desk.workspace.board)


def test_a_board_that_somebody_makes_meanwhile_stays(desk, monkeypatch):
    desk.save(BOARD)
    desk.once()
    remove(desk)
    theirs = BOARD.replace("words", "theirs")
    real = desk.files.link

    def link(source, target):
        monkeypatch.undo()
        desk.save(theirs)
        real(source, target)

    monkeypatch.setattr(desk.files, "link", link)

    assert rebuilt(desk).deed in {"same", "written"}
    assert "theirs" in desk.board


# As it was.

edits = st.lists(
    st.one_of(
        st.tuples(
            st.just("word"),
            st.sampled_from(
                ["ready", "todo", "blocked:ann:x", "READY", "Redy", "done", "failed:cancelled"]
            ),
            st.integers(1, 3),
        ),
        st.tuples(st.just("prose"), st.sampled_from(["a", "b\r\n", "ü", ""]), st.integers(1, 3)),
        st.tuples(st.just("turn"), st.just(""), st.just(0)),
        st.tuples(st.just("add"), st.just(""), st.just(0)),
        st.tuples(st.just("drop"), st.just(""), st.integers(1, 3)),
        st.tuples(st.just("old"), st.just(""), st.integers(0, 5)),
        st.tuples(st.just("say"), st.sampled_from(["ready", "block"]), st.integers(1, 3)),
    ),
    max_size=10,
)
THREE = "# B\n\n" + "\n".join(
    f"## TASK-00{n} T{n}\n- status: todo\n- run: {run}\n\ntext {n}"
    for n, run in ((1, "ok"), (2, "final"), (3, "ask why?"))
)


class Film:
    """Plays edits and turns, and remembers what the board was after each turn."""

    def __init__(self, desk):
        self.desk, self.frames, self.saves = desk, [], [THREE]
        desk.save(THREE)

    def do(self, kind, word, number):
        text = self.desk.board
        head = f"## TASK-00{number} "
        if kind == "word" and head in text:
            before, _, after = text.partition(head)
            title, _, rest = after.partition("\n- status: ")
            old, _, tail = rest.partition("\n")
            self.save(f"{before}{head}{title}\n- status: {word}\n{tail}" if old else text)
        elif kind == "prose":
            self.save(text.replace(f"text {number}", f"text {number} {word}", 1))
        elif kind == "drop" and head in text:
            before, _, after = text.partition(head)
            _gone, _, rest = after.partition("\n## ")
            self.save(before + ("## " + rest if rest else ""))
        elif kind == "old":
            self.save(self.saves[number % len(self.saves)])
        elif kind == "add":
            with contextlib.suppress(BoardHeld):
                self.desk.play(_add(self.desk))
            self.frame()
        elif kind == "say":
            self.command(word, number)
        else:
            self.desk.turn()
            self.frame()

    def command(self, word, number):
        name = f"TASK-00{number}"
        verb, more = (
            (people.say_block, ("ann", "x")) if word == "block" else (people.say_ready, ())
        )
        if self.desk.play(self.desk.ctx.ledger.look()).named(name) is not None:
            with contextlib.suppress(TaskboardError):  # a refusal is part of the play
                self.desk.say(verb, self.desk.task(name), *more, "ann")
            self.frame()

    def save(self, text):
        self.desk.save(text)
        self.saves.append(text)

    def frame(self):
        self.desk.clock.advance(0.25)
        self.frames.append((stamp(self.desk.clock.now()), stands(self.desk)))
        self.desk.clock.advance(0.25)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits)
def test_every_recorded_moment_gives_the_bytes_that_stood_there(desk, steps):
    desk = type(desk)()
    film = Film(desk)
    for step in steps:
        film.do(*step)
    film.do("turn", "", 0)
    film.do("turn", "", 0)

    for moment, data in film.frames:
        assert desk.play(text_at(desk.ctx, moment)).data == data
    held = desk.play(desk.ctx.ledger.look()).held
    if held is None:
        lose_and_rebuild(desk)


def test_the_fold_knows_what_stands_on_the_board(desk):
    desk.save(BOARD)
    desk.once()
    world = desk.play(desk.ctx.ledger.look())
    assert world.board == hashlib.sha256(stands(desk)).hexdigest()
    assert (world.board_from, world.board_edits) == (2, desk.events().count("board_written"))


def test_before_the_first_save_there_was_no_board(desk):
    desk.save(BOARD)
    before = stamp(desk.clock.now())
    desk.clock.advance(10)
    desk.once()
    with pytest.raises(NotFound, match="no board at"):
        desk.play(text_at(desk.ctx, before))


def test_no_text_is_more_than_64_writes_from_one_that_is_kept_whole(desk):
    desk.save(BOARD.replace("ready", "todo"))
    desk.once()
    for _ in range(70):
        desk.say(people.say_block, desk.task("TASK-001"), "ann", "wait", "ann")
        desk.say(people.say_ready, desk.task("TASK-001"), "ann")
    trail, longest = Trail(), 0
    for event in desk.facts():
        trail.note(event)
        longest = max(longest, len(trail.last.edits) if trail.last else 0)

    assert 32 < longest <= 64
    assert trail.last.digest == hashlib.sha256(stands(desk)).hexdigest()
