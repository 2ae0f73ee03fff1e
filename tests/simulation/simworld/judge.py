"""The invariants, looked at after every step and once more when everything is at rest."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from msgspec.structs import replace

from simworld.chronicle import Chronicle
from simworld.person import Person, marks
from simworld.programs import DaemonProgram
from simworld.stage import BOARD, LEDGER, ROOT, STATE, Stage, Violation
from taskboard.core.codec import decode
from taskboard.core.identity import doubled_ids, reused_ids
from taskboard.core.parse import parse
from taskboard.core.past import Trail
from taskboard.core.ready import reasons
from taskboard.core.state import Kind
from taskboard.loop.past import present
from taskboard.loop.scene import set_scene
from taskboard.loop.writeback import WriteBack
from taskboard.testing.simdisk import Node

_WRITTEN = (Kind.READY, Kind.BLOCKED, Kind.RUNNING, Kind.DONE, Kind.FAILED)
_PER_STEP = 120
"""More events than this in one step are a loop."""


_OURS = re.compile(rb"^- (?:note|result): [^\r\n]*(?:\r\n|\r|\n)?", re.MULTILINE)
"""Lines that the runtime writes, or has written."""


class Judge:
    """Looks at disk, ledger and machine, never through the product's own eyes but at the end."""

    def __init__(self, stage: Stage, person: Person, acked: dict[int, str]) -> None:
        self.stage, self.person, self.acked = stage, person, acked
        self.chronicle = Chronicle(stage.settings.max_attempts)
        self.safe: set[bytes] = set()
        self._objects: set[str] = set()
        self._proven: dict[int, str] = {}
        self._fresh = False
        self._seen = 0

    def restarted(self) -> None:
        """From now on nothing that was read before counts."""
        self.chronicle = Chronicle(self.stage.settings.max_attempts)
        self._objects, self.safe = set(), set()
        self.acked.update(self._proven)
        self._proven.clear()
        self._fresh, self._seen = True, 0

    def look(self) -> None:
        """What must hold at any time."""
        self._ledger()
        self._saves()

    def _ledger(self) -> None:
        data = self.bytes_of(LEDGER)
        self.chronicle.read(data)
        hashes = self.chronicle.hashes
        for seq, known in self.acked.items():
            if seq > len(hashes) or hashes[seq - 1] != known:
                raise Violation(f"event {seq} was acknowledged and is not in the ledger")
        self._proven.update(self.acked)
        self.acked.clear()
        grown = len(hashes) - self._seen
        if grown > _PER_STEP and not self._fresh:
            raise Violation(f"{grown} events in one step: {self.chronicle.types[-12:]}")
        self._seen, self._fresh = len(hashes), False

    def _saves(self) -> None:
        missing = self.person.demanded - self.safe
        if not missing:
            return
        missing -= marks(self.bytes_of(BOARD))
        if missing:
            self._read_objects()
            missing -= self.safe
        for folder in ("displaced", "conflicts"):
            if missing:
                for path in self._files(STATE / folder):
                    missing -= marks(self.bytes_of(path))
        if missing:
            raise Violation(f"saved by a person and nowhere now: {sorted(missing)}")

    def _read_objects(self) -> None:
        for path in self._files(STATE / "objects"):
            name = path.name
            if name not in self._objects:
                data = self.bytes_of(path)
                if hashlib.sha256(data).hexdigest() == name:
                    self._objects.add(name)
                    self.safe |= marks(data)

    def _files(self, folder: Path) -> list[Path]:
        node = self.stage.disk.find(folder)
        found: list[Path] = []
        for name, inner in sorted(node.entries.items()) if node else ():
            found += self._files(folder / name) if inner.is_folder else [folder / name]
        return found

    def bytes_of(self, path: Path) -> bytes:
        node = self.stage.disk.find(path)
        return bytes(node.data) if node else b""

    def print(self) -> str:
        """A digest of everything on the disk but renewed leases."""
        parts: list[str] = []
        waiting: list[tuple[str, Node]] = [("", self.stage.disk.need(ROOT))]
        while waiting:
            name, node = waiting.pop()
            if "/locks/" in name:
                continue
            parts.append(f"{name} {node.inode} {node.mtime_ns} {len(node.data)}")
            waiting += [(f"{name}/{n}", inner) for n, inner in sorted(node.entries.items())]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    async def at_rest(self, program: DaemonProgram) -> None:
        """What must hold when nobody acts and everything that could run has run."""
        if self.chronicle.offset != len(self.bytes_of(LEDGER)):
            raise Violation("the ledger holds bytes that are no whole commit")
        proof = await program.inner.verify()
        if not proof.ok or proof.missing_objects:
            raise Violation(f"the ledger does not prove: {proof}")
        ctx, memory = program.ctx, program.memory
        world = await program.inner.look()
        scene = set_scene(ctx, memory, world)
        children = world.children()
        for task in world.tasks.values():
            if task.kind is Kind.RUNNING:
                raise Violation(f"{task.task} still runs: {task.run}")
            stuck = task.kind is Kind.READY and next(reasons(task, scene, children), None) is None
            if stuck and memory.sight.held is None:
                raise Violation(f"{task.task} is ready, nothing keeps it, and nobody runs it")
            if task.attempt:  # what was so at the first import is history
                self._letter(task.task, task.status.text)
            if self.stage.living(task.task):
                raise Violation(f"{task.task}: processes are left: {self.stage.living(task.task)}")
        if memory.sight.held is None and not world.paused:
            self._board_shows(world)
        self._past_is_told()
        if memory.sight.held is None:
            await self._comes_back(program)

    def _past_is_told(self) -> None:
        """Every text that ever stood on the board comes from the ledger, up to the present."""
        trail = Trail()
        for line in self.bytes_of(LEDGER).splitlines(keepends=True):
            if trail.note(decode(line)) and (found := trail.last) is not None:
                found.text(self.bytes_of(STATE / "objects" / found.whole))
        stands = hashlib.sha256(self.bytes_of(BOARD)).hexdigest()
        if trail.last is None or trail.last.digest != stands:
            raise Violation(f"the ledger tells of another board: {trail.last}")

    async def _comes_back(self, program: DaemonProgram) -> None:
        """The board as it would be written from the ledger is the board. Where the record of the
        last projection is gone, too, nobody knows that a line of the runtime's was brought back
        by an old copy, and is the person's since: such lines may be missing then."""
        ctx = program.ctx
        lost = WriteBack(ctx.files, ctx.clock, board=BOARD, state=STATE / "nowhere")
        stands = self.bytes_of(BOARD)
        if (await present(ctx)).data != stands:
            raise Violation("the ledger does not give the board back")
        again = (await present(replace(ctx, writeback=lost))).data
        if _OURS.sub(b"", again) != _OURS.sub(b"", stands):
            raise Violation("the ledger does not give the board back without its record")

    def _letter(self, name: str, state: str) -> None:
        if state.startswith("failed:") and state != "failed:cancelled":
            letter = self.bytes_of(ROOT / "deadletter" / f"{name}.md")
            if name.encode() not in letter:
                raise Violation(f"{name} is {state} and has no dead letter")

    def _board_shows(self, world: object) -> None:
        board = parse(self.bytes_of(BOARD))
        doubled = doubled_ids(board, world) | reused_ids(board, world) | world.tangled
        for item in board.items:
            task = world.named(item.task or "")  # type: ignore[attr-defined]
            if task is None or item.task in doubled or task.kind not in _WRITTEN:
                continue
            typed = item.status
            if typed.kind is Kind.UNKNOWN or task.requested:
                continue
            if typed.text.casefold() != task.status.text.casefold():
                raise Violation(
                    f"the board shows {typed.text} for {task.task}, the ledger {task.status.text}"
                )
