"""Write-back on a simulated disk: a crash, a save or both at every operation."""

import random
from pathlib import Path

import pytest

from taskboard.errors import Storage
from taskboard.loop.writeback import Base, Lost, Missing, Unable, WriteBack, Written
from taskboard.testing.clock import ManualClock
from taskboard.testing.files import SimFiles
from taskboard.testing.simdisk import SimDisk
from taskboard.testing.steps import Crashed

W = Path("/w")
BOARD = W / "task-board.md"
STATE = W / ".taskboard"
SEEN = b"# Week\n\n## TASK-1 One\n- status: ready\n- agent: me\n\nText.\n"
OURS = SEEN.replace(b"ready", b"running:x").replace(b"me\n", b"me\n- note: n\n")


class Desk:
    """A board, the program that writes it back, and a person's editor on the same disk."""

    def __init__(self, seed=0, *, exchanges=True, mounts=()):
        self.clock = ManualClock(seed=seed)
        # With an exchange not even half-written saves that are joined too early lose anything:
        # there every save looks old.
        self.disk = SimDisk(None if exchanges else self.clock.nanoseconds)
        self.disk.exchanges = exchanges
        self.disk.mounts.update(mounts)
        self.files = SimFiles(self.disk, seed=seed)
        self.editor = SimFiles(self.disk)
        self.editor.make_folder(W)
        self.editor.write(BOARD, SEEN, mode=0o644)
        self.start()
        assert isinstance(self.writeback.put(SEEN, Base(data=SEEN)), Written)

    def start(self, boot="b1"):
        self.writeback = WriteBack(self.files, self.clock, board=BOARD, state=STATE, boot=boot)

    def put(self, data=OURS, seen=SEEN):
        return self.writeback.put(seen, Base(data=data, statuses={"TASK-1": "running:x"}))

    def board(self):
        return self.editor.read(BOARD)

    def kept(self, folder):
        return [self.editor.read(STATE / folder / n) for n in self.editor.names(STATE / folder)]

    def alive(self, work):
        """Do it; where the planned crash kills it, start again."""
        try:
            work()
        except Crashed:
            self.files.restart()
            self.start()

    def join_late(self):
        """Join what came late; whether anything did."""
        self.clock.advance(0.01)
        late = self.writeback.linger()
        for save in late:
            self.writeback.absorb_late(save)
        return bool(late)

    def drain(self):
        """Join what came late until nothing more does, then let all grow old."""
        self.alive(self.join_late)
        self.files.restart()
        self.start()
        for _ in range(20):
            self.clock.advance(1)
            if not self.join_late():
                break
        self.clock.advance(31)
        self.join_late()
        assert self.writeback.linger() == []
        assert self.editor.names(STATE / "displaced") == []
        assert [n for n in self.editor.names(W) if n.endswith("-tmp")] == []


@pytest.fixture(params=["exchange", "links"])
def desk(request):
    return Desk(exchanges=request.param == "exchange")


def test_the_board_is_replaced_and_remembered(desk):
    assert desk.writeback.base() == Base(data=SEEN)
    assert isinstance(desk.put(), Written)
    assert desk.board() == OURS
    assert desk.writeback.base() == Base(data=OURS, statuses={"TASK-1": "running:x"})
    assert desk.files.stat(BOARD).mode & 0o777 == 0o644
    desk.drain()
    assert desk.board() == OURS


def test_nothing_is_written_when_all_is_there_but_the_base_is_remembered(desk):
    before = desk.files.stat(BOARD)
    new = Base(data=SEEN, statuses={"TASK-1": "ready"}, lines={"TASK-1": ("- note: n",)})
    assert isinstance(desk.writeback.put(SEEN, new), Written)
    assert desk.files.stat(BOARD) == before
    assert desk.writeback.base() == new
    count = desk.disk.tick()
    desk.writeback.put(SEEN, new)
    assert desk.disk.tick() == count + 1, "an idle projection changes nothing on the disk"


def test_there_is_no_base_before_the_first_projection_or_when_its_record_is_damaged(desk):
    fresh = WriteBack(desk.files, desk.clock, board=BOARD, state=W / "other")
    assert fresh.base() is None
    desk.editor.write(STATE / "projection" / "last", b"{}\nxx")
    assert desk.writeback.base() is None


def test_a_board_that_changed_before_is_left_alone(desk):
    desk.editor.write(BOARD, SEEN + b"mine\n")
    assert desk.put() == Lost(SEEN + b"mine\n")
    assert desk.board() == SEEN + b"mine\n"
    desk.drain()


def test_a_missing_board_is_never_made_anew(desk):
    desk.editor.rename(BOARD, W / "away.md")
    assert isinstance(desk.put(), Missing)
    assert desk.editor.names(W) == [".taskboard", "away.md"]
    desk.drain()


def test_a_file_system_without_exchange_and_links_is_not_written_and_says_so():
    desk = Desk(exchanges=False)
    desk.disk.links = False
    outcome = desk.put()
    assert isinstance(outcome, Unable)
    assert "hard links" in outcome.reason
    assert desk.board() == SEEN
    assert desk.writeback.base() == Base(data=SEEN)
    desk.drain()


@pytest.mark.parametrize("exchanges", [True, False])
def test_a_state_folder_on_another_file_system_keeps_displaced_files_beside_the_board(exchanges):
    desk = Desk(exchanges=exchanges, mounts=[STATE])
    late = desk.editor.open_log(BOARD)
    assert isinstance(desk.put(), Written)
    assert len(desk.editor.names(W)) == 3
    late.append(b"late\n")
    desk.drain()
    assert desk.board() == OURS + b"late\n"


def test_a_board_behind_a_link_is_swapped_at_its_target():
    desk = Desk()
    desk.editor.make_folder(W / "real")
    desk.editor.rename(BOARD, W / "real" / "b.md")
    desk.disk.symlink("real/b.md", BOARD)
    assert isinstance(desk.put(), Written)
    assert desk.disk.find(BOARD, follow=False).kind == 0o120000
    assert desk.editor.read(W / "real" / "b.md") == OURS
    desk.drain()


def test_a_late_save_in_place_is_joined_and_settled_once(desk):
    late = desk.editor.open_log(BOARD)
    desk.put()
    late.append(b"late\n")
    desk.clock.advance(1)
    [save] = desk.writeback.linger()
    assert (save.base, save.data) == (SEEN, SEEN + b"late\n")
    assert desk.writeback.absorb_late(save) is None
    assert desk.board() == OURS + b"late\n"
    assert desk.writeback.linger() == []
    assert desk.writeback.base().data == OURS, "a joined save is still to be read as an edit"
    late.append(b"later\n")
    desk.drain()
    assert desk.board() == OURS + b"late\nlater\n"


def test_a_late_save_of_the_same_line_stands_and_the_other_version_is_kept(desk):
    late = desk.editor.open_log(BOARD)
    desk.put()
    late.truncate(0)
    late.append(SEEN.replace(b"ready", b"blocked:me:x"))
    desk.clock.advance(1)
    [save] = desk.writeback.linger()
    conflict = desk.writeback.absorb_late(save)
    assert b"blocked:me:x" in desk.board()
    assert conflict.parent == STATE / "conflicts"
    assert conflict.name.endswith("-task-board.md")
    assert desk.files.read(conflict) == OURS
    again = desk.writeback.linger()
    assert again == []


def test_a_late_save_waits_for_a_missing_board(desk):
    late = desk.editor.open_log(BOARD)
    desk.put()
    late.append(b"late\n")
    desk.editor.rename(BOARD, W / "away.md")
    desk.clock.advance(1)
    [save] = desk.writeback.linger()
    assert desk.writeback.absorb_late(save) is None
    desk.editor.rename(W / "away.md", BOARD)
    desk.drain()
    assert desk.board() == OURS + b"late\n"


def test_a_save_that_may_be_half_written_is_left_for_the_next_look():
    desk = Desk(exchanges=False)
    late = desk.editor.open_log(BOARD)
    desk.put()
    late.truncate(10)
    assert desk.writeback.linger() == []
    desk.clock.advance(0.3)
    assert len(desk.writeback.linger()) == 1


def test_displaced_files_are_kept_thirty_seconds_of_boot_time_or_wall_time_after_a_reboot(desk):
    desk.put()
    desk.clock.sleep(29)
    desk.writeback.linger()
    assert len(desk.kept("displaced")) == 2
    desk.clock.reboot(0.5)
    desk.start(boot="b2")
    desk.writeback.linger()
    assert len(desk.kept("displaced")) == 2
    desk.clock.advance(2)
    desk.writeback.linger()
    assert desk.kept("displaced") == []


def test_a_full_disk_is_said_and_leaves_the_board(desk):
    for n in range(1, 4):
        desk.files.fill_at(n)
        with pytest.raises(Storage, match=r"task-board\.md"):
            desk.put()
        assert desk.board() == SEEN
        assert desk.writeback.base() == Base(data=SEEN)
    assert isinstance(desk.put(), Written)
    desk.drain()


def test_an_error_at_any_operation_loses_neither_text_nor_base(desk):
    desk.files.fail_at(1000)
    start = desk.files.count
    desk.put()
    total = desk.files.count - start
    for n in range(1, total + 1):
        other = Desk(exchanges=desk.disk.exchanges)
        late = other.editor.open_log(BOARD)
        other.files.fail_at(n)
        try:
            other.put()
        except Storage:
            assert other.writeback.base().data in (other.board(), SEEN)
        late.append(b"late\n")
        other.drain()
        assert other.board().count(b"late\n") == 1


# Saves and crashes at every operation.


def replace_file(editor, step):
    """tmp + rename, in one instant."""
    if step == 0:
        editor.write(BOARD, editor.read(BOARD) + b"mine\n", durable=False)
    return step > 0


class InPlace:
    """Open, cut, write one half, write the other: an instant each."""

    def __init__(self):
        self.log = None
        self.text = b""

    def __call__(self, editor, step):
        if step == 0:
            self.text = editor.read(BOARD) + b"mine\n"
            self.log = editor.open_log(BOARD)
        elif step == 1:
            self.log.truncate(0)
        elif step == 2:
            self.log.append(self.text[:30])
        elif step == 3:
            self.log.append(self.text[30:])
        return step > 3


class Append(InPlace):
    """Open, and append an instant later."""

    def __call__(self, editor, step):
        if step == 0:
            self.log = editor.open_log(BOARD)
        elif step == 2:
            self.log.append(b"mine\n")
        return step > 2


class MoveAway(InPlace):
    """Rename away, make it anew, write."""

    def __call__(self, editor, step):
        if step == 0:
            self.text = editor.read(BOARD) + b"mine\n"
            editor.rename(BOARD, W / "task-board.md~")
        elif step == 1:
            self.log = editor.open_log(BOARD)
            self.log.truncate(0)
        elif step == 2:
            self.log.append(self.text)
        return step > 2


STYLES = [lambda: replace_file, InPlace, Append, MoveAway]


def total_operations(exchanges):
    desk = Desk(exchanges=exchanges)
    start = desk.files.count
    desk.put()
    return desk.files.count - start


@pytest.mark.parametrize("exchanges", [True, False], ids=["exchange", "links"])
@pytest.mark.parametrize("style", STYLES, ids=["rename", "in-place", "append", "move-away"])
@pytest.mark.parametrize("crash", [False, True], ids=["alive", "killed"])
def test_a_save_at_any_instant_and_a_kill_at_any_other_lose_nothing(exchanges, style, crash):
    total = total_operations(exchanges)
    for save_at in range(total):
        for crash_at in range(1 + save_at % 3, total + 8, 3) if crash else [0]:
            run(save_at, crash_at, style(), exchanges)


def run(save_at, crash_at, style, exchanges):
    desk = Desk(save_at * 1000 + crash_at, exchanges=exchanges)
    state = {"op": 0, "step": 0, "done": False}

    def edit():
        if state["op"] >= save_at and not state["done"]:
            try:
                state["done"] = style(desk.editor, state["step"])
                state["step"] += 1
            except FileNotFoundError:
                pass  # the board is away for an instant: the editor tries again

    def between(_):
        edit()
        state["op"] += 1

    desk.files.steps.between = between
    if crash_at:
        desk.files.crash_at(crash_at)
    desk.alive(desk.put)
    desk.files.steps.between = None
    state["op"] = save_at
    while not state["done"]:
        desk.alive(desk.join_late)
        edit()
    desk.drain()
    where = [desk.board(), *desk.kept("conflicts")]
    story = (save_at, crash_at, where)
    assert b"mine\n" in b"".join(where), story
    assert desk.board().count(b"mine\n") == 1, story
    assert desk.board().count(b"Text.\n") == 1, story
    assert desk.writeback.base().data in (SEEN, OURS), story


@pytest.mark.parametrize("exchanges", [True, False], ids=["exchange", "links"])
def test_a_power_failure_at_any_operation_leaves_one_whole_text(exchanges):
    total = total_operations(exchanges)
    for n in range(1, total + 1):
        for seed in range(8):
            desk = Desk(seed, exchanges=exchanges)
            desk.files.crash_at(n)
            with pytest.raises(Crashed):
                desk.put()
            desk.files.crash(random.Random(seed * 1000 + n))
            desk.start()
            base = desk.writeback.base()
            desk.writeback.linger()
            assert desk.board() in (SEEN, OURS), (n, seed)
            if desk.board() == OURS:
                assert base.data == desk.writeback.base().data == OURS, (n, seed)
            desk.drain()
            assert desk.board() in (SEEN, OURS), (n, seed)


def test_a_kill_at_any_operation_of_a_join_joins_exactly_once(desk):
    def story(crash_at):
        other = Desk(crash_at, exchanges=desk.disk.exchanges)
        late = other.editor.open_log(BOARD)
        other.put()
        late.truncate(0)
        late.append(SEEN.replace(b"ready", b"blocked:me:x") + b"late\n")
        start = other.files.count
        other.clock.advance(1)
        if crash_at:
            other.files.crash_at(crash_at)
        other.alive(other.join_late)
        operations = other.files.count - start
        other.drain()
        assert other.board().count(b"late\n") == 1, crash_at
        assert other.board().count(b"blocked:me:x") == 1, crash_at
        assert OURS in other.kept("conflicts"), crash_at
        return operations

    for n in range(1, story(0) + 1):
        story(n)


def test_a_save_on_top_of_ours_while_another_is_given_back_is_kept_too():
    desk = Desk()
    saves = iter([b"first\n", b"second\n"])

    def between(operation):
        if operation.startswith("exchange"):
            desk.editor.write(BOARD, desk.editor.read(BOARD) + next(saves), durable=False)

    desk.files.steps.between = between
    assert desk.put() == Lost(SEEN + b"first\n")
    desk.files.steps.between = None
    assert desk.board() == SEEN + b"first\n"
    desk.drain()
    assert {b"first", b"second"} <= set(desk.board().split(b"\n"))


def test_a_board_moved_away_while_a_save_is_given_back_keeps_the_save():
    desk = Desk()
    seen = []

    def between(operation):
        if operation.startswith("exchange"):
            seen.append(operation)
            if len(seen) == 1:
                desk.editor.write(BOARD, SEEN + b"first\n", durable=False)
            else:
                desk.editor.rename(BOARD, W / "task-board.md~")

    desk.files.steps.between = between
    assert desk.put() == Lost(SEEN + b"first\n")
    desk.files.steps.between = None
    assert desk.editor.stat(BOARD) is None, "never made anew"
    desk.editor.write(BOARD, SEEN + b"second\n")
    desk.drain()
    assert {b"first", b"second"} <= set(desk.board().split(b"\n"))


def test_a_save_written_over_by_a_reader_of_the_gap_is_kept_in_conflicts():
    desk = Desk()
    read = []

    def between(operation):
        if operation.startswith("exchange"):
            read.append(desk.board())
            if len(read) == 1:
                desk.editor.write(BOARD, SEEN + b"first\n", durable=False)

    desk.files.steps.between = between
    assert desk.put() == Lost(SEEN + b"first\n")
    desk.files.steps.between = None
    assert read[1] == OURS
    desk.editor.write(BOARD, OURS + b"second\n")
    assert desk.writeback.linger() == []
    desk.clock.advance(31)
    [save] = desk.writeback.linger()
    assert desk.files.read(desk.writeback.absorb_late(save)) == SEEN + b"first\n"
    assert desk.board() == OURS + b"second\n"
    desk.drain()


@pytest.mark.parametrize("added", [b"mine\n", b"\n\n\n\nmine\n"])
def test_lines_added_while_the_board_was_away_join_it_however_blank_both_are(added):
    """``>>`` makes the board anew while it is away; blank lines make its text no old copy."""
    desk = Desk(exchanges=False)
    airy = b"# Week\n\n\n\n\nText.\n"
    desk.editor.write(BOARD, airy)
    made = []

    def between(operation):
        if operation.startswith("link") and desk.editor.stat(BOARD) is None and not made:
            made.append(operation)
            desk.editor.write(BOARD, added)

    desk.files.steps.between = between
    desk.put(airy.replace(b"Text", b"Words"), airy)
    desk.files.steps.between = None
    assert made
    desk.drain()
    assert desk.board().count(b"mine\n") == 1
    assert desk.board().count(b"Text.\n") == 1
    assert desk.kept("conflicts") == []


def test_lines_shown_before_stay_known_as_ours(desk):
    for n in range(40):
        now = b"# B\n- note: %d\n" % n
        seen = desk.board()
        shown = Base(data=now, lines={"TASK-1": (f"- note: {n}",)})
        assert isinstance(desk.writeback.put(seen, shown), Written)
    desk.start()
    known = desk.writeback.base().earlier["TASK-1"]
    assert known[:2] == ("- note: 38", "- note: 37")
    assert len(known) == 32


def test_a_copy_of_a_save_that_the_board_has_is_dropped(desk):
    late = desk.editor.open_log(BOARD)
    desk.put()
    late.append(b"late\n")
    desk.drain()
    assert desk.board() == OURS + b"late\n"
    assert desk.kept("conflicts") == []
