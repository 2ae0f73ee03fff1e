"""Stands in for an agent's program: it does its prompt, a piece of shell, as its one tool, and
tells of it as the program after which it is called does (the last part of its own path)."""

import json
import os
import select
import subprocess
import sys
from pathlib import Path

ME = Path(sys.argv[0]).name
DONE = {"status": "done", "artifacts": [], "question": ""}


def tell(line):
    os.write(1, json.dumps(line).encode() + b"\n")


def after(*flags):
    return next((sys.argv[i + 1] for i, a in enumerate(sys.argv) if a in flags), "")


def do(deed, told):
    """The deed's exit status, its output told as it comes. Whoever it leaves behind may hold the
    pipe for ever."""
    tool = subprocess.Popen(
        ["/bin/sh", "-c", deed],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    pipe = tool.stdout.fileno()
    while True:
        ended = tool.poll() is not None
        if select.select([pipe], [], [], 0 if ended else 0.02)[0]:
            block = os.read(pipe, 1 << 16)
            if block:
                told(block)
                continue
            return tool.wait()
        if ended:
            return tool.returncode


def spoken(block):
    try:
        return block.decode()
    except UnicodeDecodeError:
        os.write(1, block + b"\n")  # no JSON, and no text either
        return "?"


def claude():
    session = after("--session-id", "--resume")
    tell({"type": "system", "subtype": "init", "session_id": session})

    def told(block):
        said = [{"type": "text", "text": spoken(block)}]
        tell({"type": "assistant", "message": {"id": "m", "content": said}})

    code = do(sys.stdin.read(), told)
    report = {**DONE, "summary": f"exit status {code}", "status": "failed" if code else "done"}
    tell(
        {
            "type": "result",
            "subtype": "success",
            "is_error": False,
            "session_id": session,
            "structured_output": report,
        }
    )


def codex():
    tell({"type": "thread.started", "thread_id": "0195b7de-0000-7000-8000-000000000001"})

    def told(block):
        item = {"type": "command_execution", "aggregated_output": spoken(block)}
        tell({"type": "item.completed", "item": item})

    code = do(sys.stdin.read(), told)
    report = {**DONE, "summary": f"exit status {code}", "status": "failed" if code else "done"}
    said = {"type": "agent_message", "text": json.dumps(report)}
    tell({"type": "item.completed", "item": said})
    tell({"type": "turn.completed", "usage": {"input_tokens": 3, "output_tokens": 1}})


def gemini():
    session = after("--session-id", "--resume")
    tell({"type": "init", "session_id": session, "model": "gemini-2.5-flash"})

    def told(block):
        tell({"type": "tool_result", "status": "success", "output": spoken(block)})

    deed = sys.stdin.read().partition("\n\nWhen you have finished")[0]
    code = do(deed, told)
    report = {**DONE, "summary": f"exit status {code}", "status": "failed" if code else "done"}
    text = json.dumps(report)
    tell({"type": "message", "role": "assistant", "content": text[:20], "delta": True})
    tell({"type": "message", "role": "assistant", "content": text[20:], "delta": True})
    tell({"type": "result", "status": "success", "stats": {}})


{"claude": claude, "codex": codex, "gemini": gemini}[ME]()
