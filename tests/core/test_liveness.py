from datetime import UTC, datetime

import msgspec
import pytest

from taskboard.core.liveness import judge
from taskboard.testing.leases import lease

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def ask(one, **more):
    asked = {"boot_id": "boot-1", "boot_now": 500.0, "now": NOW, "alive": True, "watched_for": 0.0}
    return judge(one, **{**asked, **more}).value


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        ({}, "live"),
        ({"watched_for": 59.9}, "live"),
        ({"watched_for": 60.0}, "dead"),
        ({"alive": False}, "dead"),
        ({"boot_id": "boot-2"}, "dead"),
        ({"device": "here"}, "live"),
        ({"device": "elsewhere", "alive": False, "boot_id": "boot-2"}, "unsure"),
        ({"device": "elsewhere", "alive": False, "watched_for": 61.0}, "dead"),
    ],
)
def test_a_supervised_run(asked, verdict):
    assert ask(lease(), **asked) == verdict


def by_command(**more):
    until = {"supervisor": None, "expires": "2026-11-20T12:00:30Z", "expires_boot": 530.0}
    return msgspec.structs.replace(lease(), **{**until, **more})


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        ({}, "live"),
        ({"boot_now": 529.9, "now": NOW.replace(year=2027)}, "live"),
        ({"boot_now": 530.0, "now": NOW.replace(year=2025)}, "dead"),
        ({"boot_id": "boot-2", "boot_now": 5.0}, "live"),
        ({"boot_id": "boot-2", "boot_now": 5.0, "now": NOW.replace(second=30)}, "dead"),
        ({"watched_for": 1e6, "alive": False}, "live"),
    ],
)
def test_a_claim_by_command_lives_until_its_time(asked, verdict):
    assert ask(by_command(), **asked) == verdict


def test_a_claim_without_any_time_is_left_alone():
    assert ask(by_command(expires=None, expires_boot=None)) == "unsure"
    assert ask(by_command(expires_boot=None)) == "live"


def test_a_folder_without_a_lease_has_one_ttl():
    assert ask(None, watched_for=59.0) == "unsure"
    assert ask(None, watched_for=60.0) == "dead"
    assert ask(None, watched_for=20.0, ttl_s=15.0) == "dead"
