"""The conformance suite of the ``Leases`` contract: each law is given ``open_leases``, which
opens the same, at first empty leases anew at every call, as another process would."""

# ruff: noqa: D103  a law's name is its sentence

from __future__ import annotations

from collections.abc import Callable

import msgspec

from taskboard.ledger import Lease, Leases
from taskboard.processes import Who

Open = Callable[[], Leases]
Law = Callable[[Open], None]


def lease(run: str = "run-1", *, task: str = "TASK-001", attempt: int = 1) -> Lease:
    """A supervised lease of ``run``."""
    return Lease(
        task=task,
        attempt=attempt,
        run=run,
        agent="agent",
        device="here",
        boot="boot-1",
        ttl_s=60.0,
        supervisor=Who(pid=1, started=2, boot="boot-1"),
    )


def the_first_to_take_a_number_has_it(open_leases: Open) -> None:
    assert open_leases().take(lease("run-1"))
    assert not open_leases().take(lease("run-2"))
    assert open_leases().find("TASK-001", 1) == lease("run-1")


def numbers_and_tasks_do_not_disturb_each_other(open_leases: Open) -> None:
    leases = open_leases()
    held = [lease("a"), lease("b", attempt=2), lease("c", task="TASK-002")]
    assert all(leases.take(one) for one in held)
    assert [leases.find(one.task, one.attempt) for one in held] == held


def what_nobody_took_is_not_found(open_leases: Open) -> None:
    assert open_leases().find("TASK-001", 1) is None


def only_its_own_run_renews_a_lease(open_leases: Open) -> None:
    leases = open_leases()
    leases.take(lease())
    later = msgspec.structs.replace(lease(), renewals=1)
    assert open_leases().renew(later)
    assert leases.find("TASK-001", 1) == later
    assert not leases.renew(lease("run-2"))
    assert leases.find("TASK-001", 1) == later


def a_lease_that_is_gone_cannot_be_renewed(open_leases: Open) -> None:
    leases = open_leases()
    assert not leases.renew(lease())
    leases.take(lease())
    leases.drop(lease())
    assert not leases.renew(lease())
    assert leases.find("TASK-001", 1) is None


def only_its_own_run_drops_a_lease(open_leases: Open) -> None:
    leases = open_leases()
    leases.take(lease())
    open_leases().drop(lease("run-2"))
    assert leases.find("TASK-001", 1) == lease()
    open_leases().drop(lease())
    open_leases().drop(lease())
    assert leases.find("TASK-001", 1) is None


LAWS: tuple[Law, ...] = (
    the_first_to_take_a_number_has_it,
    numbers_and_tasks_do_not_disturb_each_other,
    what_nobody_took_is_not_found,
    only_its_own_run_renews_a_lease,
    a_lease_that_is_gone_cannot_be_renewed,
    only_its_own_run_drops_a_lease,
)
