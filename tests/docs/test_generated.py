"""Generated parts are current, and the generator leaves the rest alone."""

from __future__ import annotations

import importlib.util

import pytest

from taskboard.core.codes import CODES
from taskboard.core.state import TRANSITIONS


@pytest.fixture
def build(root):
    spec = importlib.util.spec_from_file_location("docs_build", root / "docs" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_current(build, page):
    assert page.read_text() == build.built(page), "Next: python docs/build.py"


def test_the_property_lists_are_what_the_installer_makes(build, root):
    made = build.property_lists()
    assert {path: path.read_text() for path in (root / "launchd").glob("*.plist")} == made


def test_what_people_wrote_stays(build, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- generated: open-words -->\nold\n<!-- end -->\nafter é\n")
    text = build.built(page)
    assert text.startswith("before\n<!-- generated: open-words -->\n`available`")
    assert text.endswith("<!-- end -->\nafter é\n")
    assert "old" not in text


def test_a_part_that_nobody_writes_is_an_error(build, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- generated: nothing -->\n<!-- end -->\n")
    with pytest.raises(KeyError):
        build.built(page)


def test_every_row_of_the_state_table_is_on_the_page(build):
    lines = build.transitions().splitlines()[2:]
    assert len(lines) == sum(len(rows) for rows in TRANSITIONS.values())


def test_every_code_has_a_heading(build):
    text = build.diagnoses()
    assert all(f"### {number} {code.name}" in text for number, code in CODES.items())
