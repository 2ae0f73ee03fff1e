"""What every ``Files`` does, real or simulated."""

import errno
import stat
from pathlib import Path

import pytest

from taskboard.disk import DiskFiles
from taskboard.testing.files import SimFiles


@pytest.fixture(params=["disk", "sim"])
def place(request, tmp_path):
    """A ``Files`` and an empty folder in it."""
    if request.param == "disk":
        return DiskFiles(), tmp_path
    files = SimFiles()
    files.make_folder(Path("/w"))
    return files, Path("/w")


def symlink(files, target, path):
    if isinstance(files, SimFiles):
        files.disk.symlink(target, path)
    else:
        path.symlink_to(target)


def test_written_bytes_are_read_whole_or_up_to_a_limit(place):
    files, w = place
    files.write(w / "a", b"hello")
    assert files.read(w / "a") == b"hello"
    assert files.read(w / "a", 2) == b"he"
    files.write(w / "a", b"again", durable=False)
    assert files.read(w / "a") == b"again"
    assert files.names(w) == ["a"]


def test_what_is_not_there_is_said_so(place):
    files, w = place
    assert files.stat(w / "no") is None
    assert files.stat(w / "no" / "deeper") is None
    assert files.names(w / "no") == []
    files.remove(w / "no")
    files.remove_folder(w / "no")
    for call in (
        lambda: files.read(w / "no"),
        lambda: files.write(w / "no" / "a", b""),
        lambda: files.write_beside(w / "no", b""),
        lambda: files.rename(w / "no", w / "b"),
        lambda: files.exchange(w / "no", w / "b"),
        lambda: files.sync_folder(w / "no"),
    ):
        with pytest.raises(FileNotFoundError):
            call()


def test_only_one_makes_a_folder(place):
    files, w = place
    files.mkdir(w / "lease")
    with pytest.raises(FileExistsError):
        files.mkdir(w / "lease")
    files.make_folder(w / "x" / "y")
    files.make_folder(w / "x" / "y")
    assert stat.S_IMODE(files.stat(w / "x" / "y").mode) == 0o700


def test_a_folder_goes_with_all_in_it(place):
    files, w = place
    files.make_folder(w / "x" / "y")
    files.write(w / "x" / "y" / "a", b"1")
    files.remove_folder(w / "x")
    assert files.stat(w / "x") is None


def test_an_exchange_swaps_the_files_behind_two_names(place):
    files, w = place
    files.make_folder(w / "x")
    files.write(w / "a", b"1")
    files.write(w / "x" / "b", b"2")
    before = files.stat(w / "a").identity
    assert files.exchange(w / "a", w / "x" / "b")
    assert (files.read(w / "a"), files.read(w / "x" / "b")) == (b"2", b"1")
    assert files.stat(w / "x" / "b").identity == before


def test_a_link_never_replaces_and_a_rename_does(place):
    files, w = place
    files.write(w / "a", b"1")
    files.write(w / "b", b"2")
    with pytest.raises(FileExistsError):
        files.link(w / "a", w / "b")
    files.link(w / "a", w / "c")
    assert files.stat(w / "a").links == 2
    files.rename(w / "a", w / "b")
    assert files.names(w) == ["b", "c"]
    assert files.read(w / "b") == b"1"


def test_a_file_written_beside_looks_like_the_original(place):
    files, w = place
    files.write(w / "board.md", b"old", mode=0o664)
    spare = files.write_beside(w / "board.md", b"new")
    assert spare.parent == w
    assert spare.name.startswith(".")
    assert spare.name.endswith(".taskboard-tmp")
    assert files.read(spare) == b"new"
    one, other = files.stat(w / "board.md"), files.stat(spare)
    assert (one.mode, one.uid, one.gid) == (other.mode, other.uid, other.gid)
    assert files.write_beside(w / "board.md", b"new") != spare


def test_links_are_followed_only_where_asked(place):
    files, w = place
    files.make_folder(w / "real")
    files.write(w / "real" / "board.md", b"1")
    symlink(files, "real", w / "folder")
    symlink(files, "folder/board.md", w / "board.md")
    assert files.resolve(w / "board.md") == w.resolve() / "real" / "board.md"
    assert files.read(w / "board.md") == b"1"
    assert stat.S_ISLNK(files.stat(w / "board.md", follow=False).mode)
    with pytest.raises(OSError, match="symbolic link") as caught:
        files.open_log(w / "board.md")
    assert caught.value.errno == errno.ELOOP


def test_a_log_appends_reads_and_is_cut(place):
    files, w = place
    log = files.open_log(w / "log")
    log.append(b"one\n")
    log.append(b"two\n")
    log.sync()
    assert (log.size(), log.read(4), log.read(2, 3)) == (8, b"two\n", b"e\nt")
    assert log.identity() == files.stat(w / "log").identity
    again = files.open_log(w / "log")
    again.truncate(4)
    log.append(b"3\n")
    assert files.read(w / "log") == b"one\n3\n"
    assert stat.S_IMODE(files.stat(w / "log").mode) == 0o600
    log.close()
    again.close()


def test_a_log_notices_that_its_name_means_another_file(place):
    files, w = place
    log = files.open_log(w / "log")
    files.write(w / "log", b"")
    assert log.identity() != files.stat(w / "log").identity
    log.close()


def test_a_lock_is_taken_again_after_it_was_given_back(place):
    files, w = place
    for _ in range(2):
        with files.lock(w / "lock"):
            pass
    assert files.stat(w / "lock") is None or files.stat(w / "lock").size == 0


def test_a_proof_is_a_regular_file_beneath_the_folder(place):
    files, w = place
    files.make_folder(w / "reports")
    files.write(w / "reports" / "a.md", b"abc")
    found = files.inspect(w, "./reports//a.md")
    assert found.sha256.startswith("ba7816bf")
    assert (found.size, found.ctime_ns) == (3, files.stat(w / "reports" / "a.md").ctime_ns)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "no name"),
        (" ", "no name"),
        ("/etc/passwd", "absolute"),
        ("../project/a.md", "`..`"),
        ("reports/../a.md", "`..`"),
        ("a\0.md", "NUL"),
        (".", "folder"),
        ("reports", "folder"),
        ("reports/", "folder"),
        ("missing.md", "missing"),
        ("%2e%2e/a.md", "missing"),
        ("a.md/b.md", "missing"),
        ("x" * 200 + "/a.md", "missing"),
        ("empty.md", "empty"),
        ("link.md", "symbolic link"),
        ("out/secret.md", "symbolic link"),
        ("hard.md", "hard link"),
        ("big.md", "too large"),
    ],
)
def test_anything_else_is_no_proof_and_says_why(place, name, why):
    files, w = place
    inside = w / "project"
    files.make_folder(inside / "reports")
    files.make_folder(w / "outside")
    files.write(w / "outside" / "secret.md", b"s")
    files.write(inside / "a.md", b"a")
    files.write(inside / "empty.md", b"")
    files.write(inside / "big.md", b"x" * 101)
    files.link(w / "outside" / "secret.md", inside / "hard.md")
    symlink(files, "a.md", inside / "link.md")
    symlink(files, "../outside", inside / "out")
    assert why in files.inspect(inside, name, limit=100)
