"""Every module in taskboard/executors is put under the suite.

One that is asked by its order's command needs nothing more, nor does one that works by an agent's
program: it has a ``KIND``. Any other has a rig of its own in ``tests/contracts/rigs/<module>.py``,
a function ``rig(folder) -> Rig``.
"""

from __future__ import annotations

import importlib.util
import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import taskboard.executors
from taskboard.clock import SystemClock
from taskboard.processes import SystemProcesses
from taskboard.testing.executor import CHECKS, Rig

NAMES = [module.name for module in pkgutil.iter_modules(taskboard.executors.__path__)]
RIGS = Path(__file__).parent / "rigs"


def rig_of(name: str, folder: Path) -> Rig:
    path = RIGS / f"{name}.py"
    if path.exists():
        return _loaded(path).rig(folder)
    module = import_module(f"taskboard.executors.{name}")
    if hasattr(module, "KIND"):
        return _loaded(RIGS / "agent_program.py").rig(module, folder)
    return Rig(
        make=lambda environ: module.Executor(
            clock=SystemClock(), processes=SystemProcesses(), environ=environ
        )
    )


@cache
def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"rig_of_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_an_executor_keeps_its_contract(name, check, tmp_path):
    check(rig_of(name, tmp_path), tmp_path)
