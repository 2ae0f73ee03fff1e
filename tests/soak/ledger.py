"""A ledger of years: a million events, rotated, proved, started from its checkpoint.

``python3 dev.py soak ledger [--events 1000000] [--folder PATH]`` makes the ledger (once, if the
folder is kept), and prints what a full proof and a start cost beside a bare loop that decodes with
msgspec and hashes with SHA-256 over the same lines. Every measurement is a process of its own. It
fails when the states differ, or when memory is not bounded by the tasks.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from taskboard.clock import SystemClock
from taskboard.core.commit import apply, commit, opening
from taskboard.core.event import Draft, Event
from taskboard.core.event import EventType as E
from taskboard.core.segment import LIMIT, seal_draft, segment_name
from taskboard.core.task import World
from taskboard.disk import DiskFiles
from taskboard.ledgers.jsonl import JsonlLedger

DEVICE = "soak"


def digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def uuid(kind: int, number: int) -> str:
    return f"01a1fb7e-231c-{kind:04x}-8860-{number:012x}"


def life(number: int) -> Iterator[list[Draft]]:
    """The commits of one task from its save to its proof: twelve events."""
    task = {"task_id": uuid(2, number), "task": f"TASK-{number:03}"}
    run = {"agent": "shell-a4b", "run": uuid(3, number), **task}
    text, fields = digest("text", number), {"status": "ready", "run": f"./report --week {number}"}
    born = {"title": f"Competitor analysis {number}", "text": text, "fields": fields}
    born |= {"origin": "board", "work": digest("work", number), "line": number}
    seen = {"digest": digest(number), "bytes": 1200, "held": None, "base": digest(number - 1)}

    def step(kind: E, name: str, **data: object) -> Draft:
        return Draft(type=kind, step=name, data=data, **run)

    yield [
        Draft(type=E.FILE_CHANGED_TRIGGERED, actor="board", data=seen),
        Draft(type=E.CREATED, to="ready", actor="board", data=born, **task),
    ]
    claim = {"executor": "shell", "lease": {"ttl_s": 60, "expires": None}, "text": text}
    running = "running:shell-a4b:2026-04-20T15:25Z"
    yield [Draft(type=E.CLAIMED, to=running, attempt=1, data=claim, **run)]
    yield [step(E.STEP_STARTED, "intake")]
    yield [step(E.STEP_COMPLETED, "intake", duration_s=0.1), step(E.STEP_STARTED, "generate")]
    yield [step(E.STEP_COMPLETED, "generate", duration_s=1.5), step(E.STEP_STARTED, "validate")]
    yield [step(E.VALIDATED, "validate", receipts=[]), step(E.STEP_COMPLETED, "validate")]
    receipt = {"tier": "exit", "run": run["run"], "ok": True, "verified": True}
    receipt |= {"detail": {"exit_code": 0}, "sha256": digest("receipt", number)}
    end = {"receipts": [receipt], "tier": "exit", "verified": True, "evidence_type": "exit"}
    end |= {"evidence_count": 1, "duration_s": 2.0, "result": "done in 2 s (proven: exit)"}
    open_ = number % 100 == 0  # one in a hundred is still waiting
    done = {"to": "blocked:siyao:brief"} if open_ else {"to": "done"}
    yield [Draft(type=E.BLOCKED if open_ else E.COMPLETED, data=end, **done, **run)]


MAKE = "make"
"""The case that is none: to make the ledger."""


class Maker:
    """Writes commits as the ledger does, without its syncs."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.world = World()
        self.folder, self.limit = folder, limit
        self.segments = folder / ".taskboard" / "segments"
        self.segments.mkdir(parents=True)
        self.path = folder / "events.jsonl"
        self.file = self.path.open("wb")
        self.sealed = self.number = 0

    def add(self, drafts: list[Draft]) -> None:
        ids = [uuid(7, self.number + n) for n in range(len(drafts))]
        self.number += len(drafts)
        day = self.number // 3000
        ts = f"{2020 + day // 336}-{1 + day // 28 % 12:02}-{1 + day % 28:02}T12:00:00.123456Z"
        made = commit(self.world, drafts, ts=ts, device=DEVICE, ids=ids)
        apply(self.world, made)
        self.file.write(b"".join(one.line for one in made))

    def make(self, events: int) -> World:
        self.add(opening([Draft(type=E.PAUSED), Draft(type=E.RESUMED)], uuid(1, 1), "board.md"))
        task = 0
        while self.world.seq < events:
            task += 1
            for drafts in life(task):
                self.add(drafts)
            if self.file.tell() >= self.limit:
                self.seal()
        self.file.close()
        return self.world

    def seal(self) -> None:
        size, self.sealed = self.file.tell(), self.sealed + 1
        self.file.close()
        self.path.rename(self.segments / segment_name(self.sealed))
        self.file = self.path.open("wb")
        self.add([seal_draft(self.world.ledger_id, self.sealed, size)])


def ledger_in(folder: Path, *, writable: bool = False) -> JsonlLedger:
    return JsonlLedger(
        DiskFiles(),
        SystemClock(),
        path=folder / "events.jsonl",
        state=folder / ".taskboard",
        device=DEVICE,
        board="board.md",
        writable=writable,
    )


def floor(folder: Path) -> object:
    """The bare loop: decode, hash, compare."""
    decode, new = msgspec.json.Decoder(Event).decode, hashlib.sha256
    prev, count = "0" * 64, 0
    for path in [*sorted((folder / ".taskboard" / "segments").iterdir()), folder / "events.jsonl"]:
        with path.open("rb") as file:
            for line in file:
                event = decode(line)
                assert new(line[:-76]).hexdigest() == event.hash
                assert event.prev == prev
                prev, count = event.hash, count + 1
    return count


def fold(folder: Path) -> object:
    """The full verified fold."""
    world = asyncio.run(ledger_in(folder).look())
    return [world.seq, world.head, len(world.tasks)]


def verify(folder: Path) -> object:
    """The proof (no objects are there, so it names them as missing)."""
    proof = asyncio.run(ledger_in(folder).verify())
    return [proof.seq, proof.head, proof.segments, proof.fault]


def save(folder: Path) -> object:
    """Fold all and close, which writes the checkpoint."""
    ledger = ledger_in(folder, writable=True)
    world = asyncio.run(ledger.look())
    began = time.perf_counter()
    ledger._store._checkpoint.save(ledger._store.chain)
    return [world.seq, round((time.perf_counter() - began) * 1000)]


def open_tasks(folder: Path) -> object:
    """Start from the checkpoint, and look at what is open."""
    ledger = ledger_in(folder)
    world = asyncio.run(ledger.look())
    return [world.seq, world.head, len(world.open_tasks())]


def all_tasks(folder: Path) -> object:
    """Start from the checkpoint, and look at every task."""
    world = asyncio.run(ledger_in(folder).look())
    return [world.seq, world.head, sum(1 for task in world.tasks.values() if task.verified)]


def same(folder: Path) -> object:
    """Whether the checkpoint and the rest say what all events say."""
    one = asyncio.run(ledger_in(folder).look())
    kept = folder / ".taskboard" / "checkpoint"
    kept.rename(kept.with_name("aside"))
    try:
        other = asyncio.run(ledger_in(folder).look())
    finally:
        kept.with_name("aside").rename(kept)
    return vars(one) == vars(other) and list(one.tasks) == list(other.tasks)


CASES = (floor, fold, verify, save, open_tasks, all_tasks, same)


def make(folder: Path, events: int) -> None:
    """Make the ledger in a process of its own: the peak of a child begins at its parent's."""
    command = [sys.executable, __file__, "--case", MAKE, "--folder", str(folder)]
    subprocess.run([*command, "--events", str(events)], check=True)


def measured(name: str, folder: Path) -> dict[str, object]:
    """One case in a process of its own: what it answered, seconds, and MiB at most."""
    command = [sys.executable, __file__, "--case", name, "--folder", str(folder)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def case(name: str, folder: Path) -> None:
    function = {one.__name__: one for one in CASES}[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, used = time.perf_counter(), time.process_time()
    answer = function(folder)
    took, used = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fact = {"seconds": took, "cpu": used, "mib": peak / 1024, "own_mib": (peak - before) / 1024}
    print(json.dumps({"answer": answer, **fact}, default=str))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--folder", type=Path, default=None, help="kept, and used again")
    options.add_argument("--case", default=None, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.case == MAKE:
        Maker(chosen.folder, LIMIT).make(chosen.events)
        return 0
    if chosen.case:
        case(chosen.case, chosen.folder)
        return 0
    with tempfile.TemporaryDirectory() as spare:
        folder = chosen.folder or Path(spare)
        if not (folder / "events.jsonl").exists():
            print("making the ledger ...", flush=True)
            make(folder, chosen.events)
        return report(folder)


def report(folder: Path) -> int:
    found = {}
    for name in ("floor", "fold", "floor", "fold", "verify", "save", "open_tasks", "all_tasks"):
        one = measured(name, folder)
        if name not in found or one["cpu"] < found[name]["cpu"]:
            found[name] = one
    found["same"] = measured("same", folder)
    print("| what | s | CPU s | MiB |\n| --- | ---: | ---: | ---: |")
    for name, one in found.items():
        print(f"| {name} | {one['seconds']:.3f} | {one['cpu']:.3f} | {one['mib']:.0f} |")
    ratio = found["fold"]["cpu"] / found["floor"]["cpu"]
    print(f"\nfold / floor: {ratio:.2f}; answers:")
    for name, one in found.items():
        print(f"  {name}: {one['answer']}")
    tasks = found["fold"]["answer"][2]
    bounded = found["verify"]["mib"] < 150 + tasks * 4 / 1024
    good = found["same"]["answer"] is True and bounded
    good = good and found["open_tasks"]["answer"][:2] == found["fold"]["answer"][:2]
    print("good" if good else "NOT GOOD")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
