"""What the tests of the documentation share: pages, their blocks, and a place to run them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]


class Block(NamedTuple):
    """A fenced block: its language, the rest of its info string, its text and its line."""

    language: str
    options: dict[str, str]
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    found = []
    for token in MarkdownIt().parse(page.read_text()):
        if token.type == "fence":
            language, *rest = token.info.split() or [""]
            options = dict(re.findall(r"([\w-]+)=(\S+)", " ".join(rest)))
            options |= {word: "" for word in rest if "=" not in word}
            found.append(Block(language, options, token.content, (token.map or [0])[0] + 1))
    return found


@pytest.fixture
def blocks():
    """Every fenced block of a page, in order."""
    return blocks_of


@pytest.fixture
def root():
    """The repository."""
    return ROOT


def pages() -> list[Path]:
    tops = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
    return [*(ROOT / name for name in tops), *sorted((ROOT / "docs").rglob("*.md"))]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``page`` runs once for every page."""
    if "page" in metafunc.fixturenames:
        found = pages()
        metafunc.parametrize("page", found, ids=[str(p.relative_to(ROOT)) for p in found])
