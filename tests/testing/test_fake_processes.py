from __future__ import annotations

import asyncio

import pytest

from taskboard.testing.processes import FakeMachine, FakeProcesses


def end(processes, leader, marker):
    asyncio.run(processes.end_group(leader, marker, grace=0.01))


def test_a_group_and_those_with_its_marker_are_ended_and_nobody_else():
    processes = FakeProcesses()
    machine = processes.machine
    leader = machine.spawn(marker="run")
    member = machine.spawn(group=leader, stubborn=True)
    escaped = machine.spawn(marker="run")
    other = machine.spawn(marker="other")
    end(processes, leader, "run")
    assert machine.living() == [processes.me(), other]
    assert not any(map(processes.alive, (leader, member, escaped)))
    assert processes.ended == [(leader, "run")]


def test_a_pid_used_again_is_another_process():
    processes = FakeProcesses()
    old = processes.machine.spawn(marker="run")
    processes.machine.exit(old)
    new = processes.machine.spawn(pid=old.pid)
    end(processes, old, "run")
    assert processes.alive(new)
    assert not processes.alive(old)
    with pytest.raises(ValueError, match="still alive"):
        processes.machine.spawn(pid=new.pid)


def test_members_of_a_dead_leader_are_ended_only_by_their_marker():
    processes = FakeProcesses()
    leader = processes.machine.spawn(marker="run")
    member = processes.machine.spawn(group=leader, marker="run")
    processes.machine.exit(leader)
    end(processes, leader, "another")
    assert processes.alive(member)
    end(processes, leader, "run")
    assert not processes.alive(member)


def test_a_reboot_ends_everything_and_nothing_of_before_is_touched():
    machine = FakeMachine()
    before = machine.spawn(marker="run")
    machine.reboot()
    processes = FakeProcesses(machine)
    after = machine.spawn(marker="run", pid=before.pid)
    end(processes, before, "run")
    assert processes.alive(after)
    assert processes.identify(before.pid) == after


def test_two_on_one_machine_see_the_same():
    machine = FakeMachine()
    one, two = FakeProcesses(machine), FakeProcesses(machine)
    assert one.alive(two.me())
    machine.exit(two.me())
    assert not one.alive(two.me())
