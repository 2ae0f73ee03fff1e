"""The real program and a real vim at one board."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

SAVES = 24
STEPS = 8
BOARD = "# Week\n\nThoughts.\n" + "".join(
    f"\n## TASK-{n:03} Step {n}\n- status: ready\n- run: sleep 0.4\n"
    + (f"- needs: TASK-{n - 1:03}\n" if n > 1 else "")
    for n in range(1, STEPS + 1)
)
SCRIPT = """
set nocompatible nomore
autocmd FileChangedShell * let v:fcs_choice = ''
for n in range({saves})
  sleep 220m
  if n % 3 != 2
    silent! edit!
  endif
  call append(search('^Thoughts', 'w'), 'save ' .. n .. '.')
  let v:errmsg = ''
  let bad = ''
  try
    silent write!
  catch
    let bad = v:exception
  endtry
  if bad == '' && v:errmsg == '' && !&modified
    call writefile([n], '{report}', 'a')
  endif
endfor
qall!
"""


def at_work(daemon, ledger):
    """Wait until the daemon has begun: on a busy machine vim would have left by then."""
    for _ in range(1000):
        if ledger.exists() and b'"type":"claimed"' in ledger.read_bytes():
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            daemon.wait(0.05)
    raise AssertionError("the daemon has claimed nothing in 50 s")


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed here")
def test_tasks_run_and_every_save_of_a_vim_stands_once(tmp_path):
    board, script, report = (tmp_path / n for n in ("task-board.md", "saves.vim", "report"))
    board.write_text(BOARD)
    script.write_text(SCRIPT.format(saves=SAVES, report=report))
    environ = {
        **os.environ,
        "TASKBOARD_TRUST": "1",
        "TASKBOARD_DEBOUNCE": "0.1s",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    vim = ["vim", "-Nu", "NONE", "-i", "NONE", "-es", "-S", str(script), str(board)]
    with subprocess.Popen(
        [sys.executable, "-m", "taskboard", "run"],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as daemon:
        at_work(daemon, tmp_path / "events.jsonl")
        with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as yes:
            subprocess.run(vim, check=False, stdin=yes.stdout, timeout=60)
            yes.terminate()
        daemon.send_signal(signal.SIGTERM)
        _, said = daemon.communicate(timeout=60)

    text = board.read_text()
    saved = [int(line) for line in report.read_text().split()]
    assert len(saved) > SAVES / 2, said
    assert [n for n in saved if len(re.findall(rf"^save {n}\.$", text, re.MULTILINE)) != 1] == []
    assert text.count("- status: done") >= 3, text
    assert text.count("- result:") == text.count("- status: done")
    assert not list(tmp_path.glob(".taskboard/conflicts/*"))
