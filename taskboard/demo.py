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
    """Show the board before and after, the work in between, a dead letter, and what is next."""
    board = Path("task-board.md")
    if not board.is_file():
        print("taskboard: there is no task-board.md here.\nNext: run it in the repository's root.")
        return 66
    folder = Path(tempfile.mkdtemp(prefix="taskboard-demo-"))
    shutil.copy(board, folder / "task-board.md")
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
    print(_next(folder))
    return 0


def _environment(folder: Path) -> dict[str, str]:
    """The embedded defaults: nobody's own settings count. The copy was made here and now from a
    board that is part of this repository, so it is trusted."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("TASKBOARD_")}
    state = str(folder / ".state")
    return {
        **plain,
        "TASKBOARD_TRUST": "1",
        "TASKBOARD_DECIDER": "priority",
        "TASKBOARD_EXECUTOR": "shell",
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
        env=_environment(folder),
    )
    if done.returncode not in ((0, 1) if may_fail else (0,)):
        raise SystemExit(done.returncode)


def _statuses(folder: Path) -> str:
    """The lines of the board that matter for the tour: headings, states and the runtime's own."""
    text = (folder / "task-board.md").read_text(encoding="utf-8")
    marks = ("#", "- status:", "- result:", "- note:", "- needs:")
    return "\n".join(line for line in text.split("\n") if line.startswith(marks))


def _next(folder: Path) -> str:
    return f"""
== Where to go next ==

  The program:       . .venv/bin/activate                (or: python3 dev.py run ...)
  The copy is yours: cd {folder} && taskboard trust
  Watch it live:     taskboard run                       (and edit task-board.md meanwhile)
  Your own board:    taskboard init                      (in any folder)
  Read on:           docs/quickstart.md
"""


if __name__ == "__main__":
    raise SystemExit(main())
