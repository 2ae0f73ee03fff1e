"""Every module in taskboard/deciders is put under the suite.

One that needs no service needs nothing more. Any other has a seat of its own in
``tests/contracts/seats/<module>.py``: a context manager ``seat(folder)`` that gives a ``Seat``.
"""

from __future__ import annotations

import importlib.util
import pkgutil
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path

import pytest

import taskboard.deciders
from taskboard.clock import SystemClock
from taskboard.core.setting_kinds import Setting
from taskboard.decider import Desk
from taskboard.testing.decider import CHECKS, Seat

NAMES = [module.name for module in pkgutil.iter_modules(taskboard.deciders.__path__)]
SEATS = Path(__file__).parent / "seats"


def seat_of(name: str, folder: Path):
    path = SEATS / f"{name}.py"
    if path.exists():
        spec = importlib.util.spec_from_file_location(f"seat_of_{name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.seat(folder)
    make = import_module(f"taskboard.deciders.{name}").make
    desk = Desk(clock=SystemClock(), environ={}, root=folder)
    return nullcontext(Seat(make=lambda: make(desk), order=name == "priority"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_decider_keeps_its_contract(name, check, tmp_path):
    with seat_of(name, tmp_path) as seat:
        check(seat)


@pytest.mark.parametrize("name", NAMES)
def test_a_decider_without_anything_still_decides(name, tmp_path):
    """No key, no service, nothing but the fallback: the published order."""
    module = import_module(f"taskboard.deciders.{name}")
    assert all(isinstance(option, Setting) for option in module.OPTIONS)
    bare = Desk(clock=SystemClock(), environ={}, root=tmp_path)
    fallback = import_module("taskboard.deciders.priority").make(bare)
    desk = Desk(clock=SystemClock(), environ={}, root=tmp_path, fallback=fallback)
    for check in CHECKS:
        check(Seat(make=lambda: module.make(desk), order=True))
