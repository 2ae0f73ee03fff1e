import pytest

from taskboard.disk import DiskFiles
from taskboard.ledgers.leases import DirectoryLeases, MemoryLeases
from taskboard.testing.leases import LAWS


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_leases_as_folders(law, tmp_path):
    law(lambda: DirectoryLeases(DiskFiles(), tmp_path / "locks"))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_leases_in_memory(law):
    leases = MemoryLeases()
    law(lambda: leases)
