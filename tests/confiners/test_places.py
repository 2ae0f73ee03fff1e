from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from taskboard.confiners import places
from taskboard.confiners.bubblewrap import Bubblewrap
from taskboard.confiners.landlock_exec import HIDDEN, READ, WRITE, grants
from taskboard.confiners.places import Access, lay_out, loose


def test_the_most_specific_place_wins(cage):
    deep = cage.project / ".taskboard" / "runs"
    deep.mkdir()
    layout = lay_out(replace(cage, writable=(deep,)), ())
    assert layout.access(cage.home / "x") is Access.HIDDEN
    assert layout.access(cage.project / "x") is Access.WRITE
    assert layout.access(cage.project / ".taskboard" / "x") is Access.READ
    assert layout.access(deep / "x") is Access.WRITE
    assert layout.access(Path("/etc/passwd")) is Access.READ


def test_a_hidden_folder_is_out_of_sight_but_for_what_is_named_in_it(cage, tmp_path_factory):
    state = tmp_path_factory.mktemp("state")
    own = state / "tasks" / "one"
    own.mkdir(parents=True)
    layout = lay_out(replace(cage, hidden=(state,), writable=(own,)), ())
    assert layout.access(state / "tasks" / "another") is Access.HIDDEN
    assert layout.access(own / "x") is Access.WRITE


def test_control_is_stronger_than_writable_for_the_same_path(cage):
    layout = lay_out(replace(cage, writable=cage.control), ())
    assert {layout.access(path) for path in cage.control} == {Access.READ}


def test_a_folder_between_is_pinned(cage):
    assert lay_out(cage, ()).pins == (cage.project / ".git",)


def test_a_closed_cage_opens_what_lies_beside_control_files(cage):
    layout = lay_out(cage, (), closed=True)
    assert layout.access(cage.project / "new") is Access.READ
    assert layout.access(cage.project / "file") is Access.WRITE
    assert layout.access(cage.project / "src" / "new") is Access.WRITE
    assert layout.access(cage.project / ".git" / "new") is Access.READ
    assert layout.access(cage.project / ".git" / "hooks" / "old") is Access.READ


def test_a_link_in_the_home_is_known_by_its_name(cage):
    (cage.home / "program-1").mkdir()
    (cage.home / "program").symlink_to("program-1")
    layout = lay_out(replace(cage, readable=(cage.home / "program",)), ())
    assert layout.links == ((cage.home / "program", cage.home / "program-1"),)


def test_programs_of_the_system_that_lie_in_a_hidden_folder_are_there(cage, monkeypatch):
    run, store = cage.home.parent / "run", cage.home.parent / "store"
    for folder in (run, store):
        folder.mkdir()
    (run / "current-system").symlink_to(store)
    monkeypatch.setattr(places, "_PROGRAMS", run / "current-system")
    layout = lay_out(cage, [run])
    assert layout.access(run / "other") is Access.HIDDEN
    assert layout.links == ((run / "current-system", store),)


def test_the_whole_system_is_no_home(cage):
    with pytest.raises(ValueError, match="whole system"):
        lay_out(replace(cage, home=Path("/")), ())


def test_a_folder_of_too_many_names_cannot_be_closed_by_mounts(cage):
    for number in range(3000):
        (cage.project / f"file-{number}").touch()
    with pytest.raises(ValueError, match="Too many names"):
        Bubblewrap("bwrap").wrap(["true"], replace(cage, closed=True))
    assert Bubblewrap("bwrap").wrap(["true"], cage)[-1] == "true"


def test_what_mounts_cannot_hold_is_told(cage):
    missing, link = cage.project / "taskboard.toml", cage.project / "link.md"
    link.symlink_to("board.md")
    outside = cage.home / "not-there"
    open_cage = replace(cage, control=(*cage.control, missing, link, outside))
    assert loose(open_cage) == (missing, link)
    assert loose(replace(open_cage, closed=True)) == ()


def test_the_running_installation_is_read_only_in_a_project(cage, monkeypatch):
    own = cage.project / ".venv"
    own.mkdir()
    monkeypatch.setattr(sys, "prefix", str(own))
    assert lay_out(cage, ()).access(own / "bin") is Access.READ


def test_an_installation_around_the_home_shows_nothing_of_it(cage, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(cage.home.parent))
    assert lay_out(cage, ()).access(cage.home / "x") is Access.HIDDEN


NAMES = ("a", "a/b", "a/b/c", "a/d", "e", "e/f", "g")


@given(chosen=st.dictionaries(st.sampled_from(NAMES), st.sampled_from([HIDDEN, READ, WRITE])))
def test_landlock_allows_no_more_than_a_place_and_all_of_it(chosen, tmp_path_factory):
    """Rights add up beneath a folder: for every path they come to what its place says, but that
    a folder with something hidden in it cannot be listed or written itself."""
    root = tmp_path_factory.getbasetemp() / "grants"
    for name in (*NAMES, "a/b/c/x", "a/d/x", "e/f/x", "g/x"):
        (root / name).mkdir(parents=True, exist_ok=True)
    chosen_places = {str(root / name): access for name, access in chosen.items()}
    allowed = [(p, a) for p, a in grants({**chosen_places, str(root): chosen.get(".", READ)})]
    for leaf in ("a/b/c/x", "a/d/x", "e/f/x", "g/x"):
        path = root / leaf
        spelled = [str(p) for p in (path, *path.parents)]
        got = max((a for p, a in allowed if p in spelled), default=HIDDEN)
        assert got == next((chosen_places[p] for p in spelled if p in chosen_places), READ), (
            leaf,
            allowed,
        )
