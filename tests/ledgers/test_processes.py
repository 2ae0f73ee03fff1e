"""Real processes on a real disk: several appenders, races, kills and pauses."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from taskboard.clock import SystemClock
from taskboard.core.event import FIRST_PREV
from taskboard.core.event import EventType as E
from taskboard.disk import DiskFiles
from taskboard.errors import Refused
from taskboard.ledgers.jsonl import JsonlLedger
from taskboard.testing.facts import about, created, late
from taskboard.testing.ledger import history

ROOT = Path(__file__).parents[2]

WORKER = """
import asyncio, json, sys
from pathlib import Path
from taskboard.clock import SystemClock
from taskboard.core.event import EventType as E
from taskboard.disk import DiskFiles
from taskboard.errors import Refused, TaskboardError
from taskboard.ledger import Lease
from taskboard.ledgers.jsonl import JsonlLedger
from taskboard.ledgers.leases import DirectoryLeases
from taskboard.testing.facts import about, claimed, created, late

folder, me = Path(sys.argv[1]), int(sys.argv[2])
ledger = JsonlLedger(DiskFiles(), SystemClock(), path=folder / "events.jsonl",
                     state=folder / ".taskboard", device="here", board="task-board.md",
                     segment=int(sys.argv[3]))
leases = DirectoryLeases(DiskFiles(), folder / ".taskboard" / "locks")
heard = sys.stdin.readline
def say(value): print(json.dumps(value), flush=True)

async def fill(count):
    for turn in range(count):
        (event,) = await ledger.append([about(E.DECIDED, me, data={"turn": turn})])
        say(event.seq)

async def claim(attempt):
    try:
        await ledger.append([claimed(1, attempt=attempt, agent=f"a{me}")])
    except Refused as no:
        return no.code
    return "won"

async def steal(attempt):
    lease = Lease(task="TASK-001", attempt=attempt, run=f"a{me}-{attempt}", agent=f"a{me}",
                  device="here", boot="b", ttl_s=60.0)
    if not leases.take(lease):
        return "lost"
    run = (await ledger.look()).tasks["id-1"].run.run
    await ledger.append([about(E.RECLAIMED, 1, "ready", run=run)])
    return await claim(attempt)

async def try_all(run):
    codes = []
    for draft in late(run):
        try:
            await ledger.append([draft])
        except TaskboardError as no:
            codes.append(no.code)
        else:
            codes.append("recorded")
    return codes

async def main():
    await ledger.look()
    say("here")
    while line := heard():
        word, value = json.loads(line)
        say(await {"fill": fill, "claim": claim, "steal": steal, "try": try_all}[word](value))

asyncio.run(main())
"""


class Workers:
    """Processes that do what they are told and answer in lines of JSON."""

    def __init__(self, folder, count, segment=1 << 26):
        self.all = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER, str(folder), str(number), str(segment)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                text=True,
            )
            for number in range(count)
        ]

    def __enter__(self):
        for worker in self.all:
            assert self.hear(worker) == "here"
        return self

    def __exit__(self, *_):
        for worker in self.all:
            worker.kill()
            worker.wait()
            worker.stdin.close()
            worker.stdout.close()

    @staticmethod
    def hear(worker):
        line = worker.stdout.readline()
        return json.loads(line) if line.endswith("\n") else None

    @staticmethod
    def tell(worker, word, value):
        worker.stdin.write(json.dumps([word, value]) + "\n")
        worker.stdin.flush()

    def ask(self, word, value):
        """Tell all at once; their answers."""
        for worker in self.all:
            self.tell(worker, word, value)
        return [self.hear(worker) for worker in self.all]


def start(folder):
    return JsonlLedger(
        DiskFiles(),
        SystemClock(),
        path=folder / "events.jsonl",
        state=folder / ".taskboard",
        device="here",
        board="task-board.md",
    )


def begin(folder, tasks):
    async def main():
        await start(folder).append([created(number) for number in range(tasks)])

    asyncio.run(main())


def prove(folder):
    async def main():
        ledger = start(folder)
        await ledger.look()
        proof = await ledger.verify()
        return proof, await history(ledger)

    return asyncio.run(main())


def test_eight_processes_append_without_gap_though_one_is_killed(tmp_path):
    begin(tmp_path, 8)
    with Workers(tmp_path, 8) as workers:
        for worker in workers.all:
            workers.tell(worker, "fill", 50)
        acknowledged = [workers.hear(workers.all[0]) for _ in range(10)]
        workers.all[0].send_signal(signal.SIGKILL)
        while (seq := workers.hear(workers.all[0])) is not None:
            acknowledged.append(seq)
        for worker in workers.all[1:]:
            heard = [workers.hear(worker) for _ in range(50)]
            assert heard == sorted(heard), "each process's own order is kept"
            acknowledged += heard
    proof, events = prove(tmp_path)
    assert proof.ok
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    assert [e.prev for e in events] == [FIRST_PREV, *(e.hash for e in events[:-1])]
    assert len(set(acknowledged)) == len(acknowledged)
    facts = {e.seq: e for e in events if e.type == E.DECIDED}
    assert set(acknowledged) <= set(facts)
    assert 350 + 10 <= len(facts) <= 400
    for number in range(8):
        turns = [e.data["turn"] for e in facts.values() if e.task_id == f"id-{number}"]
        assert turns == list(range(len(turns)))


def test_of_eight_processes_that_claim_one_task_one_wins_each_time(tmp_path):
    begin(tmp_path, 2)
    with Workers(tmp_path, 8) as workers:
        for attempt in range(1, 11):
            answers = workers.ask("claim", attempt)
            assert answers.count("won") == 1
            assert set(answers) <= {"won", "transition_blocked"}
            release(tmp_path)
    proof, events = prove(tmp_path)
    assert proof.ok
    assert sum(e.type == E.CLAIMED for e in events) == 10


def release(folder):
    async def main():
        ledger = start(folder)
        run = (await ledger.look()).tasks["id-1"].run.run
        await ledger.append([about(E.RELEASED, 1, "ready", run=run)])

    asyncio.run(main())


def test_of_eight_processes_at_one_stale_lease_one_wins_each_time(tmp_path):
    begin(tmp_path, 2)
    with Workers(tmp_path, 8) as workers:
        workers.tell(workers.all[0], "claim", 1)
        assert workers.hear(workers.all[0]) == "won"
        for attempt in range(2, 10):
            answers = workers.ask("steal", attempt)
            assert sorted(answers) == ["lost"] * 7 + ["won"]
    proof, events = prove(tmp_path)
    assert proof.ok
    assert sum(e.type == E.RECLAIMED for e in events) == 8


def test_a_paused_holder_is_refused_for_every_verb_when_it_wakes(tmp_path):
    begin(tmp_path, 2)
    with Workers(tmp_path, 2) as workers:
        old, new = workers.all
        workers.tell(old, "claim", 1)
        assert workers.hear(old) == "won"
        for attempt, ends in ((2, False), (3, True)):
            workers.tell(old, "try", [])  # it sleeps in the middle of its own work
            assert workers.hear(old) is not None
            old.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, old.pid, os.WSTOPPED)
            workers.tell(new, "steal", attempt)
            assert workers.hear(new) == "won"
            if ends:
                finish(tmp_path)
            workers.tell(old, "try", f"a0-{attempt - 1}" if attempt == 2 else "a1-2")
            old.send_signal(signal.SIGCONT)
            codes = workers.hear(old)
            assert len(codes) == len(late("x"))
            assert set(codes) == ({"terminal_blocked"} if ends else {"stale_run"})
    proof, events = prove(tmp_path)
    assert proof.ok
    assert [e.type for e in events][-1] == E.COMPLETED


def finish(folder):
    async def main():
        ledger = start(folder)
        run = (await ledger.look()).tasks["id-1"].run.run
        await ledger.append([about(E.COMPLETED, 1, "done", run=run)])

    asyncio.run(main())


def test_a_writer_killed_in_the_middle_of_everything_leaves_a_ledger_that_goes_on(tmp_path):
    begin(tmp_path, 1)
    told = 0
    for round_ in range(6):
        with Workers(tmp_path, 1) as workers:
            (worker,) = workers.all
            workers.tell(worker, "fill", 10_000)
            for _ in range(5 + 7 * round_):
                told = workers.hear(worker)
            worker.send_signal(signal.SIGKILL)
            while (seq := workers.hear(worker)) is not None:
                told = seq
        proof, events = prove(tmp_path)
        assert proof.ok
        assert proof.seq >= told
        assert len(events) == proof.seq


def test_a_refused_append_of_another_process_changes_nothing(tmp_path):
    begin(tmp_path, 1)

    async def main():
        one, other = start(tmp_path), start(tmp_path)
        await other.look()
        await one.append([about(E.CANCELLED, 0, "failed:cancelled")])
        before = (tmp_path / "events.jsonl").read_bytes()
        with pytest.raises(Refused) as caught:
            await other.append([about(E.BLOCKED, 0, "blocked:siyao:brief")])
        assert caught.value.code == "terminal_blocked"
        assert (tmp_path / "events.jsonl").read_bytes() == before
        assert (await other.look()).tasks["id-0"].status.text == "failed:cancelled"

    asyncio.run(main())


def test_tail_follows_over_rotations_under_load_and_shows_every_line_once(tmp_path):
    """``tail -F`` opens what the name means when it looks: of two rotations between two looks it
    would miss a file. 64 MiB are not written that quickly; here it catches up after each."""
    begin(tmp_path, 4)
    command = ["tail", "-n", "+1", "-F", "events.jsonl"]
    quiet = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with (
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, **quiet) as tail,
        Workers(tmp_path, 3, segment=60_000) as workers,
    ):
        shown = Lines(tail.stdout)
        seen = [json.loads(shown.next())["seq"]]
        for _ in range(6):
            for worker in workers.all:
                workers.tell(worker, "fill", 30)
            heard = [workers.hear(worker) for worker in workers.all for _ in range(30)]
            assert {workers.hear(worker) for worker in workers.all} == {None}, "the phase is over"
            while seen[-1] < max(heard):
                seen.append(json.loads(shown.next())["seq"])
        tail.kill()
    proof, events = prove(tmp_path)
    assert proof.ok
    assert proof.segments > 3
    assert seen == [e.seq for e in events]


class Lines:
    """The lines of a pipe; none for a minute means that they are lost."""

    def __init__(self, pipe):
        self._fd = pipe.fileno()
        self._data = b""

    def next(self):
        while b"\n" not in self._data:
            ready, _, _ = select.select([self._fd], [], [], 60)
            assert ready, "a line was lost"
            self._data += os.read(self._fd, 1 << 16)
        line, _, self._data = self._data.partition(b"\n")
        return line
