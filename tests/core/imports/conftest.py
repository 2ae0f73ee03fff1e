"""Boards of other people's, imported in memory."""

from __future__ import annotations

import pkgutil
from datetime import UTC, datetime
from importlib import import_module

import pytest

from taskboard.core.diagnose import diagnose
from taskboard.core.imports import shapes
from taskboard.core.imports.whole import import_files
from taskboard.core.parse import parse

SHAPES = {
    module.name.replace("_", "-"): import_module(f"{shapes.__name__}.{module.name}")
    for module in pkgutil.iter_modules(shapes.__path__)
}
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Made:
    """One import: the new board as text and as read, and what the report says."""

    def __init__(self, *files, **options):
        named = [(f"board{n or ''}.md", f) if not isinstance(f, tuple) else f
                 for n, f in enumerate(files)]  # fmt: skip
        data = [(n, t.encode() if isinstance(t, str) else t) for n, t in named]
        self.whole = import_files(data, SHAPES, **options)
        self.text = self.whole.board.text
        self.board = parse(self.text.encode())
        self.findings = self.whole.board.findings
        self.diagnoses = diagnose(self.board, now=NOW)

    @property
    def shape(self):
        """The shape of the first file."""
        return self.whole.shapes[0][1]

    @property
    def states(self):
        """Statuses by title."""
        return {i.title: i.status_field.value for i in self.board.items}

    def fields(self, task):
        """What the board says of a task, its status not."""
        return self.board.item(task).values()

    def said(self, kind):
        """The messages of one kind."""
        return [f.message for f in self.findings if f.kind == kind]

    def must_be_whole(self):
        """Exactly the tasks that were imported, none of which may start, and no error that the
        source did not deserve."""
        drafts = self.whole.board.tasks
        assert [(i.task, i.status_field.value) for i in self.board.items] == [
            (draft.task, state.status) for draft, state in drafts
        ]
        assert {i.status.kind.value for i in self.board.items} <= {
            "open", "blocked", "done", "failed",
        }  # fmt: skip
        assert not [i for i in self.board.items if i.status.who in ("task", "until", "retry")]
        assert (self.board.cut, self.board.paused) == (None, False)
        assert self.board.held is None
        errors = {d.code for d in self.diagnoses if d.severity == "error"}
        assert errors <= {"TB201", "TB202", "TB203"}, self.diagnoses


@pytest.fixture(scope="session")
def made():
    """Import texts; each is a file, or a pair of its name and its text."""
    return Made


@pytest.fixture(scope="session")
def shape_names():
    """Every shape there is."""
    return list(SHAPES)
