"""The simulated disk: what a crash may take, and what it may not."""

import errno
import random
from pathlib import Path

import pytest

from taskboard.testing.files import SimFiles
from taskboard.testing.simdisk import SimDisk
from taskboard.testing.steps import Crashed

W = Path("/w")


def fresh(**options):
    files = SimFiles(**options)
    files.make_folder(W)
    return files


def outcomes(act, look, rounds=60):
    """What ``look`` finds after ``act`` and a power failure, over many seeds."""
    found = set()
    for seed in range(rounds):
        files = fresh(seed=seed)
        act(files)
        files.crash(random.Random(seed))
        found.add(look(files))
    return found


def test_a_durable_write_survives_whole():
    def act(files):
        files.write(W / "a", b"old")
        files.write(W / "a", b"new")

    assert outcomes(act, lambda files: files.read(W / "a")) == {b"new"}


def test_an_unsynced_replacement_may_leave_old_new_nothing_or_a_torn_file():
    def act(files):
        files.write(W / "a", b"old")
        files.write(W / "a", b"newer", durable=False)

    found = outcomes(act, lambda files: files.read(W / "a"), 300)
    assert {b"old", b"newer", b""} < found


def test_a_new_name_needs_its_folder_synced():
    def act(files):
        files.open_log(W / "log")
        files.write(W / "log", b"x", durable=False)
        files.mkdir(W / "lease")

    assert outcomes(act, lambda files: "lease" in files.names(W)) == {True, False}


def test_appended_bytes_are_durable_after_a_sync_and_torn_without():
    def act(files):
        log = files.open_log(W / "log")
        log.append(b"one\n")
        log.sync()
        log.append(b"two\n")

    found = outcomes(act, lambda files: files.read(W / "log"), 300)
    assert all(data.startswith(b"one\n") for data in found)
    assert {b"one\n", b"one\ntw", b"one\ntwo\n", b"one\n\0\0\0\0"} <= found
    assert any(data[4:].strip(b"two\n\0") for data in found), "garbage happens"


def test_an_exchange_is_whole_or_did_not_happen_even_between_folders():
    def act(files):
        files.make_folder(W / "x")
        files.write(W / "a", b"1")
        files.write(W / "x" / "b", b"2")
        files.exchange(W / "a", W / "x" / "b")

    found = outcomes(act, lambda files: (files.read(W / "a"), files.read(W / "x" / "b")))
    assert found == {(b"1", b"2"), (b"2", b"1")}


def test_a_rename_between_folders_never_loses_the_file():
    def act(files):
        files.make_folder(W / "x")
        files.write(W / "a", b"1")
        files.rename(W / "a", W / "x" / "b")

    found = outcomes(act, lambda files: (files.names(W), files.names(W / "x")).__repr__())
    assert found == {"(['a', 'x'], [])", "(['a', 'x'], ['b'])", "(['x'], ['b'])"}


def test_a_failed_sync_has_lost_its_bytes_for_good():
    def act(files):
        log = files.open_log(W / "log")
        log.append(b"one\n")
        files.fail_sync_at(1)
        with pytest.raises(OSError, match="Input") as caught:
            log.sync()
        assert caught.value.errno == errno.EIO
        log.append(b"two\n")
        log.sync()

    assert b"one\ntwo\n" not in outcomes(act, lambda files: files.read(W / "log"))


def test_a_full_disk_takes_nothing_and_leaves_no_litter():
    files = fresh()
    log = files.open_log(W / "log")
    files.fill_at(1)
    with pytest.raises(OSError, match="No space"):
        log.append(b"one\n")
    assert log.size() == 0
    log.append(b"one\n")
    files.fill_at(1)
    with pytest.raises(OSError, match="No space"):
        files.write(W / "a", b"1")
    assert files.names(W) == ["log"]


def test_every_operation_can_be_the_last_and_all_is_dead_until_the_restart():
    seen = set()
    for n in range(1, 7):
        for seed in range(8):
            files = fresh(seed=seed)
            files.write(W / "a", b"old")
            files.crash_at(n)
            try:
                files.write(W / "a", b"new")
            except Crashed:
                with pytest.raises(Crashed):
                    files.read(W / "a")
            files.restart()
            seen.add((n, files.read(W / "a")))
    assert {(4, b"old"), (4, b"new"), (5, b"new"), (1, b"old")} <= seen
    assert (3, b"new") not in seen


def test_logs_and_locks_end_with_the_program():
    files = fresh()
    log = files.open_log(W / "log")
    with files.lock(W / "lock"):
        files.restart()
        with pytest.raises(Crashed):
            log.append(b"1")
    with files.lock(W / "lock"), pytest.raises(AssertionError), files.lock(W / "lock"):
        pass


def test_another_program_acts_between_operations():
    disk = SimDisk()
    files, editor = SimFiles(disk), SimFiles(disk)
    files.make_folder(W)

    def between(operation):
        if operation == "rename /w/.a.1.taskboard-tmp":
            editor.write(W / "a", b"theirs", durable=False)

    files.steps.between = between
    files.write(W / "b", b"1")
    assert files.stat(W / "a") is None
    files = SimFiles(disk, between=between)
    files.write(W / "a", b"ours")
    assert files.read(W / "a") == b"ours"
    assert editor.count == 3


def test_one_seed_is_one_story():
    def story(seed):
        files = fresh(seed=seed)
        for n in range(20):
            files.write(W / f"{n % 4}", bytes([n]) * n, durable=n % 3 == 0)
        files.crash()
        return [(name, files.read(W / name)) for name in files.names(W)]

    assert story(7) == story(7)
    assert len({str(story(seed)) for seed in range(10)}) > 1


def test_mounted_folders_are_other_file_systems():
    disk = SimDisk()
    disk.mounts.add(W / "m")
    files = SimFiles(disk)
    files.make_folder(W / "m")
    files.write(W / "a", b"1")
    for call in (files.rename, files.link):
        with pytest.raises(OSError, match="link") as caught:
            call(W / "a", W / "m" / "a")
        assert caught.value.errno == errno.EXDEV
    files.write(W / "m" / "b", b"2")
    assert not files.exchange(W / "a", W / "m" / "b")
