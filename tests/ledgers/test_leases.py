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
