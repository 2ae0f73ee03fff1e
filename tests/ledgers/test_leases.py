import multiprocessing
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from taskboard.disk import DiskFiles
from taskboard.ledgers.leases import DirectoryLeases
from taskboard.testing.files import SimFiles
from taskboard.testing.leases import lease
from taskboard.testing.steps import Crashed

LOCKS = Path("/w/.taskboard/locks")


def start(files):
    files.make_folder(LOCKS.parent)
    return DirectoryLeases(files, LOCKS)


def test_a_lease_is_a_folder_that_people_can_read():
    files = SimFiles()
    leases = start(files)
    leases.take(lease())
    text = files.read(LOCKS / "TASK-001@1" / "lease.json")
    assert msgspec.json.decode(text)["supervisor"] == {"pid": 1, "started": 2, "boot": "boot-1"}
    assert files.names(LOCKS / "TASK-001@1") == ["lease.json"]


def test_a_folder_whose_lease_cannot_be_read_is_known_by_its_age():
    files = SimFiles()
    leases = start(files)
    assert leases.made("TASK-001", 1) is None
    leases.take(lease())
    for text in (b"", b'{"task":"TASK-', b"[]", b"\xff\n"):
        files.write(LOCKS / "TASK-001@1" / "lease.json", text, durable=False)
        assert leases.find("TASK-001", 1) is None
        assert not leases.renew(lease())
        leases.drop(lease())
    files.remove(LOCKS / "TASK-001@1" / "lease.json")
    assert leases.find("TASK-001", 1) is None
    assert not leases.take(lease("run-2")), "stepped over, never taken over"
    assert leases.made("TASK-001", 1) is not None


def test_the_age_of_a_folder_is_the_disks(tmp_path):
    leases = DirectoryLeases(DiskFiles(), tmp_path / "locks")
    leases.take(lease())
    made = leases.made("TASK-001", 1)
    assert abs(made - datetime.now(UTC)) < timedelta(minutes=5)


def test_every_number_there_is_a_folder_for_is_listed():
    files = SimFiles()
    leases = start(files)
    assert leases.numbers() == []
    leases.take(lease(attempt=12))
    leases.take(lease(task="A-B-2"))
    files.make_folder(LOCKS / "something else")
    assert leases.numbers() == [("A-B-2", 1), ("TASK-001", 12)]


def test_a_renewal_is_never_seen_half_written_and_syncs_nothing():
    seen = []
    files = SimFiles(between=seen.append)
    leases = start(files)
    leases.take(lease())
    seen.clear()
    assert leases.renew(msgspec.structs.replace(lease(), renewals=1))
    assert not [step for step in seen if step.startswith("sync")]
    assert [step.split()[0] for step in seen] == ["read", "create", "write", "rename"]


def test_a_lease_is_taken_where_somebody_has_tidied_up():
    files = SimFiles()
    leases = start(files)
    leases.take(lease())
    files.remove_folder(LOCKS)
    assert leases.take(lease())
    assert leases.find("TASK-001", 1) == lease()


def test_a_maker_who_died_at_it_leaves_a_number_to_step_over():
    for step in range(1, 8):
        files = SimFiles()
        leases = start(files)
        leases.take(lease(attempt=9))
        files.crash_at(step)
        with suppress(Crashed):
            leases.take(lease())
        files.restart()
        found = leases.find("TASK-001", 1)
        assert found in {None, lease()}
        assert leases.take(lease("run-2")) == (leases.find("TASK-001", 1) == lease("run-2"))
    assert found == lease(), "at last it lived"


def one_after_the_other(files, count=3):
    """Leases of so many numbers, taken and dropped; what stays."""
    leases = start(files)
    for number in range(1, count + 1):
        mine = lease(f"run-{number}", attempt=number)
        assert leases.take(mine)
        assert leases.find("TASK-001", number) == mine
        leases.drop(mine)
        assert leases.find("TASK-001", number) is None
        assert leases.made("TASK-001", number) is None
    return files.names(LOCKS)


def test_who_takes_one_lease_after_the_other_makes_one_folder():
    made = []
    files = SimFiles(between=lambda step: made.append(step) if step.startswith("mkdir") else None)
    assert one_after_the_other(files) == [".free-run-3"]
    assert len([step for step in made if step.endswith("@1") or "@" in step]) == 1
    assert one_after_the_other(files, 1) == [".free-run-1"], "a free folder is anybody's"


def test_who_drops_a_lease_that_another_process_took_leaves_nothing():
    files = SimFiles()
    start(files).take(lease())
    start(files).drop(lease())
    assert files.names(LOCKS) == []


def test_a_free_folder_never_takes_the_place_of_one_whose_maker_died():
    files = SimFiles()
    one_after_the_other(files)
    files.mkdir(LOCKS / "TASK-001@7")
    assert not start(files).take(lease(attempt=7))
    assert start(files).take(lease(attempt=8))


def test_who_was_overtaken_by_a_free_folder_has_lost():
    files = SimFiles()
    other = start(files)
    one_after_the_other(files)

    def between(step):
        if step == f"create {LOCKS / 'TASK-001@9' / 'lease.json'}":
            files.rename(LOCKS / ".free-run-3", LOCKS / "TASK-001@9")

    maker = DirectoryLeases(SimFiles(files.disk, between=between), LOCKS)
    maker._free = [LOCKS / ".free-gone"]
    assert not maker.take(lease(attempt=9))
    assert other.find("TASK-001", 9) is None, "it holds the lease of another number"


def test_a_free_folder_is_of_use_without_its_lease_and_with_litter():
    files = SimFiles()
    one_after_the_other(files)
    files.remove(LOCKS / ".free-run-3" / "lease.json")
    files.write(LOCKS / ".free-run-3" / ".lease.json.1.taskboard-tmp", b"half")
    leases = start(files)
    assert leases.take(lease(attempt=4))
    assert leases.find("TASK-001", 4) == lease(attempt=4)


def test_the_age_of_a_folder_is_not_that_of_the_lease_before(tmp_path):
    leases = DirectoryLeases(DiskFiles(), tmp_path / "locks")
    leases.take(lease())
    leases.drop(lease())
    (free,) = (tmp_path / "locks").iterdir()
    os.utime(free, (1, 1))
    leases.take(lease(attempt=2))
    assert abs(leases.made("TASK-001", 2) - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_death_at_any_step_of_a_reuse_leaves_no_second_owner():
    for step in range(1, 20):
        files = SimFiles()
        one_after_the_other(files)
        leases = start(files)
        files.crash_at(step)
        with suppress(Crashed):
            leases.take(lease(attempt=4))
        files.restart()
        found = leases.find("TASK-001", 4)
        assert found in {None, lease(attempt=4)}
        if found is not None:
            assert not start(files).take(lease("run-9", attempt=4))
    assert found == lease(attempt=4)


def compete(locks, who, results):
    """Try for every number, and drop each that is won once in a while."""
    leases, won = DirectoryLeases(DiskFiles(), locks), []
    for number in range(1, 201):
        mine = lease(f"run-{who}-{number}", attempt=number)
        if leases.take(mine):
            won.append(number)
            assert leases.find("TASK-001", number) == mine
            if number % 2:  # a number is never taken twice: its folder stays for the others
                spare = lease(f"spare-{who}-{number}", task="SPARE-1", attempt=number + who * 1000)
                assert leases.take(spare)
                leases.drop(spare)
    results.put(won)


def test_one_of_all_who_try_wins_each_number_with_free_folders_about(tmp_path):
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    racers = [
        context.Process(target=compete, args=(tmp_path / "locks", who, results))
        for who in range(4)
    ]
    for racer in racers:
        racer.start()
    won = sorted(number for _ in racers for number in results.get(timeout=60))
    for racer in racers:
        racer.join()
    assert won == list(range(1, 201))
