"""A person with an editor: types, saves late, saves old buffers, writes in two steps."""

from __future__ import annotations

from simworld.stage import BOARD, ROOT, Stage
from simworld.typist import MARK, Typist
from taskboard.testing.files import SimFiles


def marks(data: bytes) -> set[bytes]:
    """The person's marked lines in a text."""
    return set(MARK.findall(data))


class Person:
    """``demanded`` are the marks of confirmed saves that the person has not taken back."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.dice = stage, stage.dice
        self.typist = Typist(stage)
        self.files = SimFiles(stage.disk, seed=stage.seed)
        self.demanded: set[bytes] = set()
        self.saves = 0
        self.old: list[str] = []
        self.buffer: str | None = None
        self._unfinished: tuple[object, bytes] | None = None
        self._cut_at = 0.0
        self.busy = False

    # What is typed.

    def board(self) -> str | None:
        try:
            return self.files.read(BOARD).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return None

    def first(self) -> None:
        """The board that the world begins with."""
        text = f"# Launch {self.typist.mark()}\n\n"
        for number in range(1, self.dice.randint(3, 5)):
            text += self.typist.section(f"TASK-{number:03}")
        self.save(text, "rename")

    def act(self) -> None:
        """One thing a person does; with an open two-step save, mostly its second step."""
        if self._unfinished is not None and self.dice.random() < 0.8:
            self.finish()
            return
        if self.buffer is not None and self.dice.random() < 0.6:
            text, self.buffer = self.buffer, None
            self.save(self.typist.edit(text), None)
            return
        text = self.board()
        if text is None:
            self.save(self.old[-1] if self.old else "# Empty\n", "rename")
            return
        kind = self.dice.random()
        if kind > 0.97:
            self._git()
        if kind < 0.12:
            self.buffer = text  # opened now, saved later
            self.stage.say("person opens the board")
        elif kind < 0.15 and self.old:
            self.save(self.dice.choice(self.old[-6:]), None)
        else:
            for _ in range(self.dice.choice([1, 1, 1, 2, 3])):
                text = self.typist.edit(text)
            self.save(text, None)

    def _git(self) -> None:
        """The repository moves: with the next save as what it brought, or in the middle."""
        git = self.stage.git
        if git.busy is not None:
            git.busy = None
        elif self.dice.random() < 0.4:
            git.busy = "merge"
        else:
            self.dice.choice([git.pull, git.commit])()
        self.stage.say(f"git: {git.look()}")

    # How it is saved.

    def save(self, text: str, style: str | None) -> None:
        """Save, confirmed when it returns unless the style takes two steps."""
        self.finish()  # one person, one editor
        style = style or self.dice.choice(["rename", "rename", "place", "two", "away"])
        data = text.encode("utf-8", "surrogateescape")
        self.busy = True
        try:
            self.stage.say(f"person saves {len(data)} bytes ({style})")
            getattr(self, f"_{style}")(data)
        finally:
            self.busy = False
        self.stage.hint(BOARD.name)

    def _confirmed(self, data: bytes, before: bytes) -> None:
        self.saves += 1
        self.old.append(data.decode("utf-8", "surrogateescape"))
        self.demanded -= marks(before) - marks(data)  # the person's own save replaced them
        self.demanded |= marks(data)

    def _present(self) -> bytes:
        node = self.stage.disk.find(BOARD)
        return bytes(node.data) if node else b""

    def _rename(self, data: bytes) -> None:
        before = self._present()
        spare = ROOT / "4913~"
        self._fill(spare, data)
        self.files.rename(spare, BOARD)
        self.files.sync_folder(ROOT)
        self._confirmed(data, before)

    def _away(self, data: bytes) -> None:
        before = self._present()
        if before:
            self.files.rename(BOARD, ROOT / "task-board.md~")
        self._fill(BOARD, data)
        self.files.sync_folder(ROOT)
        self._confirmed(data, before)

    def _fill(self, path: object, data: bytes) -> None:
        log = self.files.open_log(path)
        log.truncate(0)
        log.append(data)
        log.sync()

    def _place(self, data: bytes) -> None:
        self._two(data)
        self.finish()

    def _two(self, data: bytes) -> None:
        log = self.files.open_log(BOARD)
        self.demanded -= marks(log.read(0))
        log.truncate(0)
        self._unfinished = (log, data)
        self._cut_at = self.stage.clock.boot()

    def finish(self) -> None:
        """The second step: the file has its contents again."""
        if self._unfinished is None:
            return
        log, data = self._unfinished
        self._unfinished = None
        before = log.read(0)
        log.append(data)
        log.sync()
        self.files.sync_folder(ROOT)
        self._confirmed(data, before)
        self.stage.say(f"person's save of {len(data)} bytes is whole")
        self.stage.hint(BOARD.name)

    def finish_in_time(self) -> None:
        """No editor leaves a file cut for longer than this."""
        if self._unfinished is not None and self.stage.clock.boot() - self._cut_at > 12:
            self.finish()

    def power_failed(self) -> None:
        """The editor is gone, and what it had not saved."""
        self._unfinished = None
        self.buffer = None

    def settle(self) -> None:
        """Finish everything, and leave a board that can be read."""
        self.finish()
        self.buffer = None
        self.stage.git.busy = None
        text = self.board() or (self.old[-1] if self.old else "")
        text = self.typist.mend(text)
        if "- status:" not in text:
            good = [t for t in self.old if "- status:" in t]
            text = good[-1] if good else text + "\n" + self.typist.section("TASK-001")
            text = self.typist.mend(text)
        if text != self.board():
            self.save(text, "rename")
