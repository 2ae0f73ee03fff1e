"""The tour: the commands a user would type, on a copy of this repository's board.

Run by ``python3 dev.py demo``. No key, no network; it ends by itself and leaves the copy behind.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """The tour, or with ``--agents`` the one on which models decide and work."""
    return _agents() if "--agents" in sys.argv[1:] else _tour()


def _tour() -> int:
    """Show the board before and after, the work in between, a dead letter, and what is next."""
    folder = _copy(Path())
    _title("The board before", f"{folder}/task-board.md")
    print(_statuses(folder))
    _type(folder, "once", may_fail=True)
    _title("The board after", "only status, result and note lines were written")
    print(_statuses(folder))
    _type(folder, "show", "TASK-003")
    _type(folder, "why", "TASK-007")
    _type(folder, "tail", "--task", "TASK-005")
    _title("The dead letter", f"{folder}/deadletter/TASK-005.md")
    print((folder / "deadletter" / "TASK-005.md").read_text(encoding="utf-8"))
    _type(folder, "verify")
    print(_next(folder, "taskboard run                       (and edit task-board.md meanwhile)"))
    return 0


def _agents() -> int:
    """A decision, an agent's run, a question and its answer, on the offline model."""
    folder = _copy(Path("examples/agents"))
    _title("The board before", f"{folder}/task-board.md")
    print(_statuses(folder))
    _type(folder, "once", "--offline-model")
    _title("The board after", "an agent wrote the files, the host looked at them")
    print(_statuses(folder))
    _type(folder, "tail", "--type", "decided")
    _type(folder, "answer", "TASK-003", "On Monday.")
    _type(folder, "ready", "TASK-003")
    _type(folder, "once", "--offline-model")
    _type(folder, "show", "TASK-003")
    _type(folder, "why", "TASK-004")
    _title("What an agent has made", f"{folder}/announcement.md")
    print((folder / "announcement.md").read_text(encoding="utf-8"))
    _type(folder, "verify")
    print(
        _next(folder, "taskboard run --offline-model       (or without, with a key or an agent)")
    )
    return 0


def _copy(source: Path) -> Path:
    """A copy of a board and what lies with it in a folder of its own."""
    board = source / "task-board.md"
    if not board.is_file():
        print(f"taskboard: there is no {board} here.\nNext: run it in the repository's root.")
        raise SystemExit(66)
    folder = Path(tempfile.mkdtemp(prefix="taskboard-demo-"))
    shutil.copy(board, folder / "task-board.md")
    if (source / "notes").is_dir():
        shutil.copytree(source / "notes", folder / "notes")
    return folder


def _environment(folder: Path, *, offline: bool) -> dict[str, str]:
    """The embedded defaults: nobody's own settings count. The copy was made here and now from a
    board that is part of this repository, so it is trusted."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("TASKBOARD_")}
    state = str(folder / ".state")
    plainly = {"TASKBOARD_DECIDER": "priority", "TASKBOARD_EXECUTOR": "shell"}
    return {
        **plain,
        **({} if offline else plainly),
        "TASKBOARD_TRUST": "1",
        "XDG_CONFIG_HOME": state,
        "XDG_STATE_HOME": state,
    }


def _title(text: str, remark: str) -> None:
    print(f"\n== {text} ==  {remark}\n", flush=True)


def _type(folder: Path, *words: str, may_fail: bool = False) -> None:
    _title("$ taskboard " + " ".join(words), "")
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-P", "-m", "taskboard", *words],
        cwd=folder,
        check=False,
        env=_environment(folder, offline="--offline-model" in words),
    )
    if done.returncode not in ((0, 1) if may_fail else (0,)):
        raise SystemExit(done.returncode)


def _statuses(folder: Path) -> str:
    """The lines of the board that matter for the tour: headings, states and the runtime's own."""
    text = (folder / "task-board.md").read_text(encoding="utf-8")
    marks = ("#", "- status:", "- result:", "- note:", "- needs:")
    return "\n".join(line for line in text.split("\n") if line.startswith(marks))


def _next(folder: Path, live: str) -> str:
    return f"""
== Where to go next ==

  The program:       . .venv/bin/activate                (or: python3 dev.py run ...)
  The copy is yours: cd {folder} && taskboard trust
  Watch it live:     {live}
  Your own board:    taskboard init                      (in any folder)
  With models:       python3 dev.py demo --agents
  Read on:           docs/quickstart.md, docs/deciding.md, docs/executors.md
"""


if __name__ == "__main__":
    raise SystemExit(main())
