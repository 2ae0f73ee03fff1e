"""What the pages say is so: boards parse, settings load, JSON reads, links lead somewhere."""

from __future__ import annotations

import itertools
import json
import re
from datetime import UTC, datetime

import jsonschema
from markdown_it import MarkdownIt

from taskboard.config import load
from taskboard.core.codes import CODES
from taskboard.core.diagnose import diagnose
from taskboard.core.outcome import VERIFIED, Tier
from taskboard.core.parse import parse
from taskboard.core.state import UNKNOWN, Kind, read_status
from taskboard.workspace import Workspace

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORK_PLACE = re.compile(r"/(?:tmp|root|home|work|Users)/[\w.-]+|\.\./shared")


def test_boards_parse_with_the_diagnoses_they_announce(page, blocks):
    for block in blocks(page):
        if block.language == "markdown" and "fragment" not in block.options:
            found = {d.code for d in diagnose(parse(block.text.encode()), now=NOW)}
            expected = set(filter(None, block.options.get("diagnoses", "").split(",")))
            assert found == expected, f"{page.name}:{block.line}"


def test_settings_load(page, blocks, tmp_path):
    for block in blocks(page):
        if block.language == "toml" and "other" not in block.options:
            workspace = Workspace(tmp_path / "task-board.md")
            workspace.settings.write_text(block.text)
            load(workspace, {"HOME": str(tmp_path)})


def test_json_reads(page, blocks):
    for block in blocks(page):
        if block.language == "json":
            lines = block.text.splitlines() if "lines" in block.options else [block.text]
            for line in lines:
                json.loads(line)


def test_events_match_the_schema(page, blocks, root):
    schema = json.loads((root / "docs" / "event.schema.json").read_text())
    for block in blocks(page):
        if block.language == "json":
            for line in block.text.splitlines():
                if line.startswith('{"v":') and '"<' not in line:
                    jsonschema.validate(json.loads(line), schema)


def test_links_lead_somewhere(page, root):
    for target in _links(page.read_text()):
        place, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", place):
            continue
        path = (page.parent / place).resolve() if place else page
        assert path.exists(), f"{page.name} links to {target}"
        assert path.is_relative_to(root), f"{page.name} links out of the repository: {target}"
        if anchor and path.suffix == ".md":
            assert anchor in _anchors(path.read_text()), f"{page.name} links to {target}"
        elif anchor:
            assert f"def {anchor}(" in path.read_text(), f"{page.name} links to {target}"


def test_named_tests_exist(page, root):
    """`tests/x/test_y.py` and `test_name` in a page are the names of real files and tests."""
    text = page.read_text()
    for name in set(re.findall(r"`((?:tests|benchmarks|taskboard|docs)/[\w/.-]+?)`", text)):
        assert (root / name).exists(), f"{page.name} names {name}"
    sources = "".join(p.read_text() for p in (root / "tests").rglob("*.py"))
    for name in set(re.findall(r"`(test_\w+)`", text)):
        assert f"def {name}(" in sources, f"{page.name} names {name}"


def test_codes_and_status_words_exist(page):
    text = page.read_text()
    for code in set(re.findall(r"\bTB\d{3}\b", text)):
        assert code in CODES, f"{page.name} names {code}"
    for word in set(
        re.findall(r"`((?:(?:blocked|running):[^`<*.\s:]+:|failed:)[^`<*\s]+)`", text)
    ):
        assert word.endswith("...") or read_status(word) != UNKNOWN, f"{page.name} names {word}"


def test_no_page_names_a_place_of_its_making(page):
    assert not WORK_PLACE.search(page.read_text()), page.name


def test_pages_are_plain(page):
    """No emoji, no line of prose that a reader has to scroll for."""
    text = page.read_text()
    assert not re.search("[\U0001f000-\U0001faff\u2600-\u27bf]", text), page.name


def test_the_tiers_stand_in_their_order_of_strength(root):
    rows = re.findall(
        r"^\| `(\w+)` \| (\w+) \|", (root / "docs/evidence.md").read_text(), re.MULTILINE
    )
    expected = [(t.value, "verified" if t in VERIFIED else "asserted") for t in Tier]
    assert rows == expected


def test_every_state_has_a_row(root):
    rows = re.findall(r"^\| `(\w+)` \|", (root / "docs/lifecycle.md").read_text(), re.MULTILINE)
    assert {k.value for k in Kind} <= set(rows)


def _links(text: str) -> list[str]:
    inline = [t for t in MarkdownIt().parse(text) if t.type == "inline"]
    found = [c for token in inline for c in token.children or []]
    links = [str(c.attrs["href"]) for c in found if c.type == "link_open"]
    links += [str(c.attrs["src"]) for c in found if c.type == "image"]
    return links + re.findall(r'(?:src|srcset)="([^"]+)"', text)


def _anchors(text: str) -> set[str]:
    tokens = MarkdownIt().parse(text)
    titles = [after.content for t, after in itertools.pairwise(tokens) if t.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_page_can_be_reached_from_the_readme(root):
    seen: set[str] = set()
    ahead = [root / "README.md"]
    while ahead:
        page = ahead.pop()
        if str(page) in seen:
            continue
        seen.add(str(page))
        targets = [target.partition("#")[0] for target in _links(page.read_text())]
        own = [t for t in targets if t.endswith(".md") and "://" not in t]
        ahead += [(page.parent / target).resolve() for target in own]
    missing = [p.name for p in (root / "docs").rglob("*.md") if str(p.resolve()) not in seen]
    assert missing == []
