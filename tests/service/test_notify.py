"""What systemd hears of the daemon, over a real datagram socket."""

from __future__ import annotations

import math
import os
import socket

import pytest

from taskboard.service.notify import Notifier, notifier


@pytest.fixture
def heard(tmp_path):
    """An address, and what has come to it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        path = str(tmp_path / "notify")
        door.bind(path)
        door.setblocking(False)

        def take():
            found = []
            while True:
                try:
                    found.append(door.recv(4096).decode())
                except BlockingIOError:
                    return found

        yield path, take


def test_it_is_ready_alive_and_ending(heard):
    address, take = heard
    now, status = [100.0], ["idle"]
    pulse = Notifier(address, 40.0, lambda: now[0], lambda: status[0])
    assert pulse.every == 20.0
    pulse.ready()
    assert take() == ["READY=1\nSTATUS=idle"]
    for _ in range(100):
        pulse.beat()
    assert take() == []
    now[0] += 10
    pulse.beat()
    assert take() == ["WATCHDOG=1"]
    status[0] = "1 task runs"
    pulse.beat()
    assert take() == ["STATUS=1 task runs"]
    pulse.stopping()
    assert take() == ["STOPPING=1\nSTATUS=ends"]


def test_without_a_watchdog_only_news_is_told(heard):
    address, take = heard
    now = [0.0]
    pulse = Notifier(address, math.inf, lambda: now[0], lambda: "idle")
    assert pulse.every == math.inf
    pulse.ready()
    now[0] = 1e6
    pulse.beat()
    assert take() == ["READY=1\nSTATUS=idle"]


def test_what_it_was_told_by_is_not_handed_on(heard):
    address, _ = heard
    environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "", "A": "b"}
    pulse = notifier(environ, lambda: 0.0, lambda: "")
    assert pulse is not None
    assert pulse.every == 1.5
    assert environ == {"A": "b"}


def test_a_watchdog_for_another_process_is_not_ours(heard):
    address, _ = heard
    for pid, every in ((os.getpid(), 1.5), (1, math.inf)):
        environ = {
            "NOTIFY_SOCKET": address,
            "WATCHDOG_USEC": "3000000",
            "WATCHDOG_PID": str(pid),
        }
        pulse = notifier(environ, lambda: 0.0, lambda: "")
        assert pulse is not None
        assert pulse.every == every


@pytest.mark.parametrize("address", ["", "relative", "vsock:2:3"])
def test_nobody_listens(address):
    assert notifier({"NOTIFY_SOCKET": address}, lambda: 0.0, lambda: "") is None


def test_a_listener_that_has_gone_does_no_harm(tmp_path):
    pulse = Notifier(str(tmp_path / "gone"), 2.0, lambda: 0.0, lambda: "idle")
    pulse.ready()
    pulse.beat()
    pulse.stopping()
