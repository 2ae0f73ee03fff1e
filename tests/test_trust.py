"""What a user has allowed, and what ends it."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from taskboard.disk import DiskFiles
from taskboard.errors import Untrusted
from taskboard.trust import Trust
from taskboard.workspace import Workspace

NOW = datetime(2026, 4, 20, 15, 25, tzinfo=UTC)
LEDGER = "01963f6e-0000-7000-8000-000000000001"
OTHER = "01963f6e-0000-7000-8000-000000000002"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = Workspace(tmp_path / "w" / "task-board.md")
    found.root.mkdir(mode=0o755)
    found.board.write_text("# Board\n")
    return found


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust.of({"XDG_STATE_HOME": str(tmp_path / "state")}, DiskFiles())


def test_nothing_is_trusted_before_its_user_says_so(trust, workspace):
    assert "not trusted" in trust.trusted(workspace)
    with pytest.raises(Untrusted, match=str(workspace.root)) as caught:
        trust.require(workspace)
    assert "taskboard trust" in caught.value.hint


def test_what_was_recorded_is_trusted_again_by_another_process(trust, workspace):
    trust.record(workspace, LEDGER, NOW)
    again = Trust(trust.folder, DiskFiles())
    assert again.trusted(workspace, LEDGER) is None
    again.require(workspace, LEDGER)


def test_the_record_says_what_was_trusted_and_only_its_user_can_read_it(trust, workspace):
    trust.record(workspace, LEDGER, NOW)
    [place] = trust.folder.iterdir()
    assert json.loads(place.read_text()) == {
        "schema_version": 1,
        "path": str(workspace.root.resolve()),
        "ledger_id": LEDGER,
        "settings": None,
        "when": "2026-04-20T15:25:00.000000Z",
    }
    assert place.stat().st_mode & 0o777 == 0o600
    assert trust.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, "slots = 1\n"), ("slots = 1\n", "slots = 2\n"), ("slots = 1\n", None)],
)
def test_trust_lapses_when_the_settings_come_change_or_go(trust, workspace, before, after):
    def put(text):
        workspace.settings.unlink(missing_ok=True)
        if text is not None:
            workspace.settings.write_text(text)

    put(before)
    trust.record(workspace, LEDGER, NOW)
    assert trust.trusted(workspace, LEDGER) is None
    put(after)
    assert "taskboard.toml has changed" in trust.trusted(workspace, LEDGER)
    put(before)
    assert trust.trusted(workspace, LEDGER) is None


def test_another_ledger_is_not_what_was_trusted(trust, workspace):
    trust.record(workspace, LEDGER, NOW)
    assert "another ledger" in trust.trusted(workspace, OTHER)
    assert trust.trusted(workspace, None) is None


def test_a_workspace_trusted_before_its_ledger_was_opened_stays_trusted(trust, workspace):
    trust.record(workspace, None, NOW)
    assert trust.trusted(workspace, LEDGER) is None


def test_a_copy_elsewhere_is_not_trusted_and_a_link_to_the_same_folder_is(
    trust, workspace, tmp_path
):
    trust.record(workspace, LEDGER, NOW)
    copy = Workspace(tmp_path / "copy" / "task-board.md")
    copy.root.mkdir()
    assert trust.trusted(copy, LEDGER) is not None
    (tmp_path / "link").symlink_to(workspace.root)
    assert trust.trusted(Workspace(tmp_path / "link" / "task-board.md"), LEDGER) is None


def test_the_environment_lifts_trust_but_only_when_it_says_one(workspace, tmp_path):
    def of(word):
        environ = {"XDG_STATE_HOME": str(tmp_path / "state"), "TASKBOARD_TRUST": word}
        return Trust.of(environ, DiskFiles())

    assert of("1").trusted(workspace) is None
    assert of("0").trusted(workspace) is not None
    assert of("").trusted(workspace) is not None


def test_nothing_lifts_a_board_that_everyone_may_write(workspace, tmp_path):
    lifted = Trust(tmp_path / "state", DiskFiles(), lifted=True)
    workspace.board.chmod(0o666)
    assert "Everyone may write" in lifted.trusted(workspace)
    with pytest.raises(Untrusted) as caught:
        lifted.require(workspace)
    assert caught.value.hint == f"chmod o-w {workspace.board}"
    with pytest.raises(Untrusted):
        lifted.record(workspace, None, NOW)


def test_a_planted_link_in_place_of_a_record_does_not_count(trust, workspace, tmp_path):
    trust.record(workspace, LEDGER, NOW)
    [place] = trust.folder.iterdir()
    place.symlink_to(place.rename(tmp_path / "planted.json"))
    assert "is a link" in trust.trusted(workspace, LEDGER)
    trust.record(workspace, LEDGER, NOW)
    assert trust.trusted(workspace, LEDGER) is None
    assert not place.is_symlink()


def test_a_planted_link_in_place_of_the_store_does_not_count(trust, workspace, tmp_path):
    trust.record(workspace, LEDGER, NOW)
    trust.folder.symlink_to(trust.folder.rename(tmp_path / "elsewhere"))
    assert "is a link" in trust.trusted(workspace, LEDGER)
    with pytest.raises(Untrusted, match="is a link"):
        trust.record(workspace, LEDGER, NOW)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_store_that_others_may_write_to_does_not_count(trust, workspace, depth):
    trust.record(workspace, LEDGER, NOW)
    [place] = trust.folder.iterdir()
    path = [place, trust.folder, trust.folder.parent][depth]
    path.chmod(path.stat().st_mode | 0o002)
    assert f"chmod go-w {path}" in trust.trusted(workspace, LEDGER)


def test_a_record_of_somebody_else_does_not_count(trust, workspace):
    """Only root can give a file away; for others the kernel refuses the attack itself."""
    trust.record(workspace, LEDGER, NOW)
    [place] = trust.folder.iterdir()
    if os.geteuid() == 0:
        os.chown(place, 54321, -1)
        assert "belongs to somebody else" in trust.trusted(workspace, LEDGER)
    else:
        with pytest.raises(PermissionError):
            os.chown(place, 54321, -1)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"path":1}', '{"path":"/else"}'])
def test_a_record_that_cannot_be_read_does_not_count_and_can_be_made_again(trust, workspace, text):
    trust.record(workspace, LEDGER, NOW)
    [place] = trust.folder.iterdir()
    place.write_text(text)
    assert str(place) in trust.trusted(workspace, LEDGER)
    trust.record(workspace, LEDGER, NOW)
    assert trust.trusted(workspace, LEDGER) is None


def test_a_record_moved_under_another_workspaces_name_does_not_count(trust, workspace, tmp_path):
    other = Workspace(tmp_path / "o" / "task-board.md")
    other.root.mkdir()
    trust.record(other, LEDGER, NOW)
    [place] = trust.folder.iterdir()
    trust.record(workspace, LEDGER, NOW)
    [target] = set(trust.folder.iterdir()) - {place}
    place.rename(target)
    assert "is about" in trust.trusted(workspace, LEDGER)


def test_a_folder_whose_name_is_not_utf8_can_be_trusted(trust, tmp_path):
    if os.name == "posix" and os.uname().sysname == "Darwin":
        return  # its file systems refuse such names
    odd = Workspace(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")) / "task-board.md")
    odd.root.mkdir()
    trust.record(odd, LEDGER, NOW)
    assert trust.trusted(odd, LEDGER) is None


def test_the_record_can_be_looked_at(trust, workspace):
    assert trust.recorded(workspace) is None
    made = trust.record(workspace, LEDGER, NOW)
    assert trust.recorded(workspace) == made
