"""Many real processes after one task, through the doors that people and agents use."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec
from doors import open_context

from taskboard.core.state import Kind
from taskboard.disk import DiskFiles
from taskboard.errors import TaskboardError
from taskboard.loop import agents, find
from taskboard.loop.command import begin, end
from taskboard.loop.context import Context, Memory
from taskboard.loop.reclaim import reclaim

RACERS = 8
ROUNDS = 5


def board(root: Path, names: list[str]) -> None:
    text = "".join(f"## {name} Race\n- status: ready\n- run: true\n\n" for name in names)
    (root / "task-board.md").write_text(text)
    ctx = open_context(root, DiskFiles())

    async def import_it() -> None:
        memory = Memory()
        await begin(ctx, memory)
        await end(ctx, memory)

    asyncio.run(import_it())


def race(runner: Callable[[int], str], count: int = RACERS) -> list[str]:
    """``runner(n)`` in ``count`` forks released at once; what each answered."""
    gate_out, gate_in = os.pipe()
    pipes = []
    for number in range(count):
        out, back = os.pipe()
        pid = os.fork()
        if pid == 0:
            answer = "lost its way"
            try:
                os.close(gate_in)
                os.read(gate_out, 1)  # ends when the last gate is closed
                answer = runner(number)
            except BaseException as trouble:  # noqa: BLE001  a fork must not return
                answer = f"{type(trouble).__name__}: {trouble}"
            finally:
                os.write(back, answer.encode()[:4000])
                os._exit(0)
        os.close(back)
        pipes.append((pid, out))
    os.close(gate_in)
    os.close(gate_out)
    answers = []
    for pid, out in pipes:
        with os.fdopen(out, "rb") as pipe:
            answers.append(pipe.read().decode())
        os.waitpid(pid, 0)
    return answers


def taking(root: Path, name: str) -> Callable[[int], str]:
    def runner(number: int) -> str:
        async def one() -> str:
            ctx, memory = open_context(root, DiskFiles()), Memory()
            await begin(ctx, memory)
            try:
                _task, lease = await agents.take(ctx, memory, name, f"bot{number}", "agent")
            except TaskboardError as refused:
                return f"no {type(refused).__name__}"
            return f"won {lease.label}"

        return asyncio.run(one())

    return runner


def events(root: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (root / "events.jsonl").read_text().splitlines()]


def test_one_of_eight_wins_a_task(tmp_path: Path) -> None:
    names = [f"TASK-{n:03}" for n in range(1, ROUNDS + 1)]
    board(tmp_path, names)
    for name in names:
        answers = race(taking(tmp_path, name))
        winners = [a for a in answers if a.startswith("won")]
        assert len(winners) == 1, answers
        assert all(a.startswith(("won", "no Held", "no Refused")) for a in answers), answers
    claims = [e["task"] for e in events(tmp_path) if e["type"] == "claimed"]
    assert sorted(claims) == names


def test_one_of_eight_takes_back_a_dead_run(tmp_path: Path) -> None:
    names = [f"TASK-{n:03}" for n in range(1, ROUNDS + 1)]
    board(tmp_path, names)
    for name in names:
        assert race(taking(tmp_path, name), 1)[0].startswith("won")
        expire(tmp_path, name)

        def runner(_number: int) -> str:
            ctx = open_context(tmp_path, DiskFiles())
            return f"took {asyncio.run(reclaim(ctx, Memory()))}"

        answers = race(runner)
        assert sorted(answers) == [f"took ['{name}']", *["took []"] * (RACERS - 1)], answers
    taken = [e["task"] for e in events(tmp_path) if e["type"] == "reclaimed"]
    assert sorted(taken) == names


def expire(root: Path, name: str) -> None:
    """Set the clock of one claim back: its time is over."""
    ctx = open_context(root, DiskFiles())
    lease = ctx.leases.find(name, 1)
    assert lease is not None
    assert ctx.leases.renew(msgspec.structs.replace(lease, expires_boot=0.0))


VERBS: dict[str, Callable[[Context, str], object]] = {
    "heartbeat": agents.beat,
    "complete": lambda ctx, run: _with_task(
        ctx,
        run,
        lambda task: agents.finish(ctx, task, run, agents.Evidence(output="words " * 20), "agent"),
    ),
    "fail": lambda ctx, run: _with_task(
        ctx, run, lambda task: agents.give_up(ctx, task, run, "why", "agent", final=False)
    ),
    "release": lambda ctx, run: _with_task(
        ctx, run, lambda task: agents.hand_back(ctx, task, run, "agent")
    ),
}


async def _with_task(ctx: Context, run: str, act: Callable[..., object]) -> object:
    return await act(await find.find_run(ctx, run))  # type: ignore[misc]


def test_a_stopped_holder_is_refused_for_every_verb(tmp_path: Path) -> None:
    board(tmp_path, ["TASK-001"])
    ready, go = os.pipe()
    said, say = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            assert taking(tmp_path, "TASK-001")(1) == "won TASK-001@1"
            ctx = open_context(tmp_path, DiskFiles())
            asyncio.run(agents.beat(ctx, "TASK-001@1"))  # everything is open and folded
            os.write(say, b"claimed\n")
            os.read(ready, 1)  # stopped and continued in here
            for name, verb in VERBS.items():
                try:
                    asyncio.run(verb(ctx, "TASK-001@1"))  # type: ignore[arg-type]
                    answer = "accepted"
                except TaskboardError as refused:
                    answer = refused.data.get("reason") or refused.code
                os.write(say, f"{name} {answer}\n".encode())
        finally:
            os._exit(0)
    os.close(say)
    with os.fdopen(said) as answers:
        assert answers.readline() == "claimed\n"
        os.kill(pid, signal.SIGSTOP)
        expire(tmp_path, "TASK-001")
        assert race(taking(tmp_path, "TASK-001"), 1) == ["won TASK-001@2"]
        os.kill(pid, signal.SIGCONT)
        os.write(go, b".")
        refused = dict(line.split() for line in answers)
    os.waitpid(pid, 0)
    assert refused == dict.fromkeys(VERBS, "stale_run")
    world = asyncio.run(open_context(tmp_path, DiskFiles()).ledger.look())
    task = world.named("TASK-001")
    assert task is not None
    assert (task.kind, task.attempt) == (Kind.RUNNING, 2)
