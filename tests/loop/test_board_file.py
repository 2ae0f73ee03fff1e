"""What the board is on the disk: links, modes, attributes, other names, other people's files."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from taskboard.clock import SystemClock
from taskboard.disk import DiskFiles
from taskboard.loop.watch import FolderWatch
from taskboard.loop.writeback import Base, Missing, Unable, WriteBack, Written
from taskboard.testing.files import SimFiles
from taskboard.testing.steps import Crashed
from taskboard.workspace import near_misses

OLD, NEW = b"# B\n\nold\n", b"# B\n\nnew\n"

NEIGHBOURS = (
    "task-board (conflicted copy 2026-11-20).md",
    "task-board (Ann's conflicted copy 2026-11-20).md",
    "task-board.sync-conflict-20261120-120000-ABCDEFG.md",
    "task-board 2.md",
    "task-board (1).md",
    ".task-board.md.swp",
    ".task-board.md.swx",
    "4913",
    "task-board.md~",
    "#task-board.md#",
    "task-board.md.tmp.1234",
    "task-board.md.orig",
    "task-board.md.rej",
    ".task-board.md.1234-0.taskboard-tmp",
    ".task-board.md.icloud",
    ".~lock.task-board.md#",
)
"""What editors, tools and sync services lay beside a board."""


class Place:
    """A board on the real disk and its write-back."""

    def __init__(self, folder):
        self.folder = folder
        self.board = folder / "work" / "task-board.md"
        self.board.parent.mkdir()
        self.board.write_bytes(OLD)
        self.writeback = WriteBack(
            DiskFiles(), SystemClock(), board=self.board, state=self.board.parent / ".taskboard"
        )

    def put(self, seen=OLD, data=NEW):
        return self.writeback.put(seen, Base(data=data))


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def lead_elsewhere(place, *names):
    """Move the board's text to another folder and lead there by so many links."""
    real = place.folder / "texts" / "real.md"
    real.parent.mkdir()
    place.board.rename(real)
    target = real
    for name in names:
        link = place.folder / name
        link.symlink_to(os.path.relpath(target, link.parent))
        target = link
    place.board.symlink_to(os.path.relpath(target, place.board.parent))
    return real


@pytest.mark.parametrize("names", [(), ("one",), ("one", "two", "three")])
def test_links_stay_links_and_the_text_they_lead_to_is_written(place, names):
    real = lead_elsewhere(place, *names)
    assert isinstance(place.put(), Written)
    assert real.read_bytes() == NEW
    assert place.board.is_symlink()
    assert all((place.folder / name).is_symlink() for name in names)
    assert sorted(p.name for p in real.parent.iterdir()) == ["real.md"]


def test_an_editor_that_renames_over_the_link_makes_the_board_a_file(place):
    real = lead_elsewhere(place)
    assert isinstance(place.put(), Written)
    spare = place.board.with_name("save.tmp")
    spare.write_bytes(NEW + b"mine\n")
    spare.replace(place.board)
    assert isinstance(place.put(NEW + b"mine\n", OLD + b"mine\n"), Written)
    assert not place.board.is_symlink()
    assert place.board.read_bytes() == OLD + b"mine\n"
    assert real.read_bytes() == NEW, "the text that the link led to is nobody's board now"
    assert place.writeback.linger() == []


def test_a_link_that_leads_nowhere_is_a_board_that_is_not_there(place):
    real = lead_elsewhere(place)
    real.unlink()
    assert isinstance(place.put(), Missing)
    assert not real.exists()
    assert place.board.is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o444, 0o640])
def test_the_mode_stays(place, mode):
    place.board.chmod(mode)
    assert isinstance(place.put(), Written)
    assert stat.S_IMODE(place.board.stat().st_mode) == mode


def test_owner_and_attributes_stay(place):
    attributes = hasattr(os, "setxattr")
    if attributes:
        try:
            os.setxattr(place.board, "user.colour", b"red")
        except OSError:
            attributes = False  # a file system without them
    if os.geteuid() == 0:
        os.chown(place.board, 12345, 23456)
    before = place.board.stat()
    assert isinstance(place.put(), Written)
    after = place.board.stat()
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    if attributes:
        assert os.getxattr(place.board, "user.colour") == b"red"


def test_a_second_name_of_the_board_keeps_the_text_before_and_its_saves_are_joined(place):
    """A name made by ``ln`` is another file after a write-back. A save under it is no save of
    the board, but as long as the displaced text is looked after it is not lost."""
    other = place.board.with_name("other.md")
    other.hardlink_to(place.board)
    assert isinstance(place.put(), Written)
    assert (place.board.read_bytes(), other.read_bytes()) == (NEW, OLD)
    with other.open("ab") as file:
        file.write(b"mine\n")
    os.utime(other, (1, 1))
    [late] = place.writeback.linger()
    place.writeback.absorb_late(late)
    assert place.board.read_bytes() == NEW + b"mine\n"


def test_a_board_with_two_names_survives_a_kill_where_there_is_no_exchange(desk):
    board, other = desk.workspace.board, desk.workspace.root / "other.md"
    total = 60
    for crash_at in range(1, total):
        desk.files.disk.exchanges = False
        desk.save(OLD.decode())
        desk.files.remove(other)
        desk.files.link(board, other)
        desk.open()
        desk.files.crash_at(crash_at)
        try:
            desk.ctx.writeback.put(OLD, Base(data=NEW))
            desk.files.crash_at(1 << 30)
        except Crashed:
            desk.files.restart()
            desk.open()
        desk.ctx.writeback.linger()
        assert desk.files.read(board) in (OLD, NEW), crash_at
        desk.clock.advance(40)
        desk.ctx.writeback.linger()
        assert desk.files.read(board) in (OLD, NEW), crash_at


def test_without_exchange_and_links_the_board_stays_and_that_is_said(desk, caplog):
    desk.files.disk.exchanges = desk.files.disk.links = False
    text = "# B\n\n## TASK-001 One\n- status: ready\n- run: ok\n"
    desk.save(text)
    desk.turn()
    assert desk.board == text
    assert desk.state("TASK-001") == "done"
    assert "hard links" in caplog.text
    assert "taskboard list" in caplog.text
    before = len(desk.events())
    desk.turn()
    assert len(desk.events()) == before, "it goes round on nothing"


def test_an_unwritable_board_is_still_read(desk):
    desk.files.disk.exchanges = desk.files.disk.links = False
    desk.save("# B\n\n## TASK-001 One\n- status: todo\n")
    desk.turn()
    desk.retype("todo", "ready\n- run: ok")
    desk.turn()
    assert desk.state("TASK-001") == "done"
    assert isinstance(desk.ctx.writeback.put(desk.board.encode(), Base(data=b"x")), Unable)


def test_files_beside_the_board_are_never_taken_for_one(tmp_path):
    for name in NEIGHBOURS:
        (tmp_path / name).write_text("# B\n\n## TASK-009 No\n- status: ready\n- run: false\n")
    (tmp_path / ".#task-board.md").symlink_to("ann@host.123:456")
    assert near_misses(tmp_path) == []
    (tmp_path / "TASKS.md").write_text("")
    assert near_misses(tmp_path) == ["TASKS.md"]


def test_files_beside_the_board_are_neither_read_nor_removed_by_a_turn(desk):
    desk.save("# B\n\n## TASK-001 One\n- status: ready\n- run: ok\n")
    other = SimFiles(desk.files.disk)
    root = Path(desk.workspace.root)
    strangers = [name for name in NEIGHBOURS if not name.endswith(".taskboard-tmp")]
    for name in strangers:
        other.write(root / name, b"# B\n\n## TASK-009 No\n- status: ready\n- run: fail\n")
    desk.files.disk.symlink("ann@host.123:456", root / ".#task-board.md")
    desk.turn()
    assert {e.task for e in desk.facts() if e.task} == {"TASK-001"}
    assert set(other.names(root)) >= {*strangers, ".#task-board.md"}


def test_an_evicted_board_is_waited_for(desk):
    text = "# B\n\n## TASK-001 One\n- status: todo\n"
    desk.save(text)
    desk.turn()
    other = SimFiles(desk.files.disk)
    other.rename(desk.workspace.board, desk.workspace.root / ".task-board.md.icloud")
    for _ in range(4):
        desk.clock.advance(100)
        desk.turn()
    assert desk.events("TASK-001") == ["created"]
    assert "task-board.md" not in other.names(desk.workspace.root)
    other.rename(desk.workspace.root / ".task-board.md.icloud", desk.workspace.board)
    desk.turn()
    assert desk.events("TASK-001") == ["created"]
    assert desk.state("TASK-001") == "open"


def test_files_beside_the_board_wake_nobody(tmp_path):
    async def told():
        names, heard = frozenset({"task-board.md"}), []
        came = asyncio.Event()

        def tell(name):
            heard.append(name)
            came.set()

        with FolderWatch() as watch:
            watch.start(tmp_path, names, tell)
            for name in NEIGHBOURS:
                (tmp_path / name).write_text("x")
            (tmp_path / ".#task-board.md").symlink_to("ann@host.123:456")
            (tmp_path / "task-board.md").write_text("x")
            await asyncio.wait_for(came.wait(), 10)
        return set(heard)

    assert asyncio.run(told()) == {"task-board.md"}
