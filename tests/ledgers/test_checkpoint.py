"""The checkpoint says what all events say, or it is not believed."""

import re
from pathlib import Path

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given, settings

from taskboard.core import fold as fold_module
from taskboard.core.checkpoint import _APART
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.fold import fold
from taskboard.core.task import World
from taskboard.errors import Refused
from taskboard.ledgers.jsonl import checkpoint as checkpoints
from taskboard.testing.facts import about, claimed, created
from taskboard.testing.files import SimFiles
from taskboard.testing.ledger import history, same
from tests.ledgers.conftest import FOLDER, put, run, start, written

PLACE = FOLDER / ".taskboard" / "checkpoint"
RICH = [
    [created(1, text="0" * 64, fields={"run": "true"}, work="1" * 64, note="n"), created(2)],
    [created(3, parent="id-1"), Draft(type=E.PAUSED)],
    [claimed(1, attempt=1), about(E.STEP_STARTED, 1, run="agent-1", step="analyze")],
    [Draft(type=E.FILE_CHANGED_TRIGGERED, data={"digest": "d", "tangled": ["TASK-002"]})],
    [about(E.FAILED, 1, "blocked:retry:2026-01-01T00:00Z", run="agent-1", data={"cost_usd": 0.5})],
    [about(E.EDITED, 2, data={"title": "other", "text": "2" * 64, "parent": "id-1"})],
    [about(E.COMPLETED, 2, "done", data={"tier": "exit", "receipts": [{"tier": "exit"}]})],
    [about(E.CANCELLED, 3, "failed:cancelled"), Draft(type=E.RESUMED)],
]


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """A checkpoint at every event: what counts is what it says, not when it is made."""
    monkeypatch.setattr(checkpoints, "EVERY", 1)


async def rich(files, **more):
    ledger = start(files, **more)
    for drafts in RICH:
        await ledger.append(drafts)
    ledger.close()
    return ledger


def same_in_order(a, b):
    return (
        same(a, b)
        and list(a.tasks) == list(b.tasks)
        and list(a.unclosed) == list(b.unclosed)
        and list(a.parents) == list(b.parents)
    )


@pytest.mark.parametrize("segment", [1500, 1 << 20])
def test_the_checkpoint_and_the_rest_say_what_all_events_say(segment):
    async def main():
        for kept in range(len(RICH) + 1):
            files = SimFiles()
            for number, drafts in enumerate(RICH):
                ledger = start(files, segment=segment)
                await ledger.append(drafts)
                if number < kept:
                    ledger.close()
            for writable in (True, False):
                fresh = start(files, segment=segment, writable=writable)
                world = await fresh.look()
                assert same_in_order(world, fold(World(), await history(fresh)))

    run(main())


def test_what_is_packed_is_what_it_was_and_only_what_is_asked_for_is_unpacked():
    async def main():
        files = SimFiles()
        world = await (await rich(files)).look()
        fresh = await start(files).look()
        packed = [type(one) is int for one in vars(fresh.tasks)["_found"].values()]
        assert packed == [True] * 3
        assert fresh.named("TASK-001") == world.named("TASK-001")
        assert fresh.open_tasks() == world.open_tasks() == [world.tasks["id-1"]]
        packed = [type(one) is int for one in vars(fresh.tasks)["_found"].values()]
        assert packed == [False, True, True]
        assert fresh.copy().children() == world.children()
        assert same_in_order(fresh, world)

    run(main())


def test_an_id_that_was_seen_before_the_checkpoint_is_still_known():
    async def main():
        files = SimFiles()
        ledger = start(files)
        first = await ledger.append([Draft(type=E.PAUSED, id="the-id")])
        ledger.close()
        assert await start(files).append([Draft(type=E.PAUSED, id="the-id")]) == first
        assert (await start(files).look()).seq == 2

    run(main())


@pytest.mark.parametrize("bit", [0, 3, 7])
def test_a_damaged_checkpoint_is_not_believed(bit):
    async def main():
        files = SimFiles()
        world = await (await rich(files)).look()
        good = files.read(PLACE)
        for place in range(0, len(good), 7):
            data = bytearray(good)
            data[place] ^= 1 << bit
            files.write(PLACE, bytes(data))
            fresh = await start(files, writable=False).look()
            assert same_in_order(fresh, world)
        for data in (b"", good[:1], good[:-1], good[: len(good) // 2], good + good, b"\xff" * 99):
            files.write(PLACE, data)
            assert same_in_order(await start(files, writable=False).look(), world)

    run(main())


def test_a_checkpoint_whose_head_tells_of_another_event_is_not_believed():
    """One bit in where it ends would have later events folded twice, or left out."""

    async def main():
        files = SimFiles()
        world = await (await rich(files)).look()
        good = files.read(PLACE)
        size = int.from_bytes(good[:2], "big")
        head = msgspec.msgpack.decode(good[2 : 2 + size], type=checkpoints.Head)
        lines = written(files).splitlines(keepends=True)
        earlier = msgspec.json.decode(lines[1])
        wrong = msgspec.structs.replace(
            head, seq=earlier["seq"], hash=earlier["hash"], end=len(lines[0] + lines[1])
        )
        forged = msgspec.msgpack.encode(wrong)
        files.write(PLACE, len(forged).to_bytes(2, "big") + forged + good[2 + size :])
        opened = start(files, writable=False)
        assert same_in_order(await opened.look(), world)
        assert vars(vars(opened)["_store"])["_checkpoint"].seq == 0

    run(main())


def test_a_damaged_checkpoint_is_written_again_by_the_next_who_writes():
    async def main():
        files = SimFiles()
        world = await (await rich(files)).look()
        good = files.read(PLACE)
        files.write(PLACE, good[:-1] + bytes([good[-1] ^ 1]))
        ledger = start(files)
        assert (await ledger.look()).tasks["id-3"] == world.tasks["id-3"]
        ledger.close()
        assert files.read(PLACE) == good

    run(main())


def test_a_checkpoint_of_another_program_ledger_or_history_is_not_believed(monkeypatch):
    async def main():
        files, other = SimFiles(), SimFiles()
        await rich(files)
        ledger = start(other)
        for drafts in [[created(7)], *RICH]:
            await ledger.append(drafts)
        ledger.close()
        good = files.read(PLACE)
        world = await start(other, writable=False).look()
        other.write(PLACE, good)
        assert same_in_order(await start(other, writable=False).look(), world)
        whole = written(files)
        put(files, b"".join(whole.splitlines(keepends=True)[:4]))  # rolled back behind it
        files.write(PLACE, good)
        assert (await start(files, writable=False).look()).seq == 3
        put(files, whole)
        monkeypatch.setattr(checkpoints, "program", lambda: "0.0.9 00000000 little")
        opened = start(files, writable=False)
        vars(opened)["_store"].refresh()
        assert vars(vars(opened)["_store"])["_checkpoint"].seq == 0

    run(main())


def test_who_only_reads_writes_no_checkpoint():
    async def main():
        files = SimFiles()
        await rich(files)
        files.remove(PLACE)
        reader = start(files, writable=False)
        await reader.look()
        reader.close()
        assert not files.exists(PLACE)

    run(main())


def test_a_disk_that_takes_no_checkpoint_takes_events():
    async def main():
        files = SimFiles()
        files.make_folder(PLACE)  # a folder in its place
        world = await (await rich(files)).look()
        assert same_in_order(await start(files).look(), world)

    run(main())


MOVES = st.lists(
    st.sampled_from(
        [
            [about(E.BLOCKED, 1, "blocked:me:x")],
            [about(E.UNBLOCKED, 1, "ready")],
            [about(E.CANCELLED, 1, "failed:cancelled")],
            [about(E.REQUEUED, 1, "ready")],
            [about(E.EDITED, 2, data={"parent": "id-1", "title": "t"})],
            [about(E.EDITED, 2, data={"parent": None, "fields": {"a": "b"}})],
            [about(E.WITHDRAWN, 2, "withdrawn")],
            [about(E.RESTORED, 2, "ready")],
            [about(E.COMPLETED, 2, "done", data={"tier": "human"})],
            [Draft(type=E.PAUSED), about(E.DECIDED, 1, data={"cost_usd": 1})],
            None,
        ]
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(MOVES)
def test_a_checkpoint_anywhere_in_any_history_changes_nothing(moves):
    async def main():
        files = SimFiles()
        ledger = start(files, segment=2000)
        await ledger.append([created(1), created(2)])
        for drafts in moves:
            if drafts is None:
                ledger.close()
                ledger = start(files, segment=2000)
            else:
                try:
                    await ledger.append(drafts)
                except Refused:
                    continue
        world = await ledger.look()
        again = await start(files, segment=2000).look()
        plain = fold(World(), await history(ledger))
        assert same_in_order(again, world)
        assert same_in_order(plain, world)

    run(main())


def test_everything_a_world_says_can_be_kept():
    """A new attribute of World must come back as what it was."""
    world = World()
    kept = {name: value for name, value in vars(world).items() if name not in _APART}
    back = msgspec.msgpack.decode(msgspec.msgpack.encode(kept))
    for name, value in kept.items():
        kind = type(value)
        assert (kind(back[name]) if kind in (set, frozenset) else back[name]) == value


def test_every_module_that_the_fold_is_made_of_tells_programs_apart():
    """A change to any of them must make older checkpoints count for nothing."""
    core = Path(fold_module.__file__).parent
    found, waiting = set(), ["fold"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            text = (core / f"{name}.py").read_text()
            waiting += re.findall(r"^from taskboard\.core\.(\w+) import", text, re.MULTILINE)
    assert found == {module.__name__.rpartition(".")[2] for module in checkpoints.FOLD}
