"""Which place wins, what counts where, and that every mistake is said."""

import hashlib
import re
from pathlib import Path

import pytest

from taskboard.config import SETTINGS, load, settings_table
from taskboard.core.settings import Settings
from taskboard.errors import BadSettings
from taskboard.workspace import Workspace


class Places:
    """A workspace and a user's home to put settings into."""

    def __init__(self, folder: Path) -> None:
        self.workspace = Workspace(folder / "w" / "task-board.md")
        self.own = folder / "home" / ".config" / "taskboard" / "config.toml"
        self.own.parent.mkdir(parents=True)
        self.workspace.root.mkdir()
        self.environ = {"HOME": str(folder / "home"), "PATH": "/bin"}

    def load(self, *, trusted=True, flags=None, **environ):
        return load(self.workspace, self.environ | environ, flags, trusted=trusted)

    def mistakes(self, **environ):
        with pytest.raises(BadSettings) as caught:
            self.load(**environ)
        return caught.value


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path)


def test_without_any_settings_the_defaults_hold(places):
    found = places.load()
    assert found.settings == Settings()
    assert found.digest is None
    assert {(source.source, source.where) for source in found.sources} == {("default", "")}


def test_the_places_win_in_order_and_each_setting_names_its_own(places):
    places.workspace.settings.write_text("slots = 3\npoll = '4s'\nstall = '5m'\nowner = 'w'\n")
    places.own.write_text("# mine\nslots = 4\npoll = '5s'\nstall = '6m'\n")
    found = places.load(
        TASKBOARD_SLOTS="5", TASKBOARD_POLL="6s", flags={"slots": 6, "timeout": None}
    )
    assert found.settings.slots == 6
    assert found.settings.poll == 6.0
    assert found.settings.stall == 360.0
    assert found.settings.owner == "w"
    assert found.settings.timeout == 3600.0
    shown = {source.name: (source.value, source.source, source.where) for source in found.sources}
    assert shown["slots"] == (6, "flag", "--slots")
    assert shown["poll"] == ("6s", "environment", "TASKBOARD_POLL")
    assert shown["stall"] == ("6m", "user", f"{places.own}:4")
    assert shown["owner"] == ("w", "workspace", f"{places.workspace.settings}:4")
    assert shown["timeout"] == ("1h", "default", "")


def test_the_digest_is_that_of_the_bytes_that_were_read(places):
    places.workspace.settings.write_bytes(b"slots = 3\r\n")
    assert places.load().digest == hashlib.sha256(b"slots = 3\r\n").hexdigest()


def test_three_mistakes_in_one_file_are_said_at_once_with_their_lines(places):
    places.workspace.settings.write_text(
        '# settings\nslot = 3\n\ntimeout = "an hour"\nowner = "fine"\nroots = [\n  "/etc",\n]\n'
    )
    error = places.mistakes()
    assert (error.code, error.exit_code) == ("settings", 78)
    path = places.workspace.settings
    first, *lines = error.message.splitlines()
    assert first == "3 mistakes in the settings:"
    assert lines[0] == f"{path}:2: there is no setting slot. Did you mean slots?"
    assert lines[1].startswith(f"{path}:4: timeout must be a duration ")
    assert lines[1].endswith('not "an hour".')
    assert lines[2].startswith(f"{path}:6: roots does not count here")
    assert [mistake["line"] for mistake in error.data["mistakes"]] == [2, 4, 6]


def test_mistakes_of_all_places_are_said_together(places):
    places.workspace.settings.write_text("slots = 0\n")
    places.own.write_text("this is no TOML\n")
    error = places.mistakes(TASKBOARD_KEEP_AWAKE="maybe", flags={"poll": "often"})
    files = [mistake["file"] for mistake in error.data["mistakes"]]
    assert files == [
        str(places.workspace.settings),
        str(places.own),
        "TASKBOARD_KEEP_AWAKE",
        "--poll",
    ]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("max-attempts = 3", "max_attempts"),
        ("Slots = 1", "slots"),
        ("debouncemax = '9s'", "debounce_max"),
    ],
)
def test_a_misspelt_setting_is_answered_with_the_nearest(places, typed, meant):
    places.workspace.settings.write_text(typed)
    assert f"Did you mean {meant}?" in places.mistakes().message


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[executor.shell]\nx = 1", "[executors.NAME]"),
        ("[executers.shell]\nx = 1", "Did you mean [executors.NAME]?"),
        ("[settings]\nslots = 1", "Settings stand at the top level."),
        ("executors = 3", "[executors.NAME]"),
        ("[executors]\nshell = 'sh'", "executors.shell must be a table"),
        ("[[deciders.claude]]\nx = 1", "deciders.claude must be a table"),
    ],
)
def test_a_table_in_the_wrong_shape_is_answered_with_the_right_one(places, text, hint):
    places.workspace.settings.write_text(text)
    assert hint in places.mistakes().message


@pytest.mark.parametrize("name", ["roots", "trust_git"])
def test_a_workspace_cannot_widen_its_own_rights(places, name):
    value = {"roots": '["/a"]', "trust_git": "true"}[name]
    places.workspace.settings.write_text(f"{name} = {value}\n")
    assert "cannot widen its own rights" in places.mistakes().message
    places.workspace.settings.unlink()
    places.own.write_text(f"{name} = {value}\n")
    assert getattr(places.load().settings, name) in (("/a",), True)


def test_rights_can_be_given_by_environment_and_flag(places):
    found = places.load(TASKBOARD_ROOTS="/a,~/b", flags={"trust_git": True}).settings
    assert found.roots == ("/a", str(Path(places.environ["HOME"], "b")))
    assert found.trust_git is True


def test_tables_of_executors_and_deciders_are_laid_over_each_other_by_entry(places):
    places.workspace.settings.write_text(
        "[executors.codex]\neffort = 'low'\nmodel = 'a'\n[deciders.claude]\nmodel = 'm'\n"
    )
    places.own.write_text("[executors.codex]\nmodel = 'b'\n")
    found = places.load()
    assert found.settings.executors == {"codex": {"effort": "low", "model": "b"}}
    assert found.settings.deciders == {"claude": {"model": "m"}}
    shown = {source.name: source.where for source in found.sources}
    assert shown["executors.codex.model"] == f"{places.own}:2"
    assert shown["executors.codex.effort"] == f"{places.workspace.settings}:2"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[executors.claud]\nmodel = 'x'", "there is no executor claud; there are claude"),
        ("[executors.claude]\nmodle = 'x'", "[executors.claude] has no setting modle. Did you"),
        ("[executors.claude]\nmodel = 3", "model must be a text"),
        ("[deciders.claude]\ntimeout = 'soon'", "timeout must be a duration"),
        ("[prices.mine]\ninput = 'much'", "input must be a number"),
        ("[origins.agent]\nbudget = 1", "Did you mean budget_usd_day?"),
    ],
)
def test_a_mistake_in_a_table_is_named_with_its_line(places, text, named):
    places.own.write_text(f"\n{text}\n")
    said = places.mistakes().message
    assert f"{places.own}:3: " in said
    assert named in said


def test_a_workspace_cannot_let_agents_out_of_the_cage(places):
    places.workspace.settings.write_text("[executors.claude]\nshell = 'always'\n")
    assert "cannot widen its own rights" in places.mistakes().message
    places.workspace.settings.unlink()
    places.own.write_text("[executors.claude]\nshell = 'always'\n")
    assert places.load().settings.executors == {"claude": {"shell": "always"}}


def test_until_trusted_a_workspaces_programs_do_not_count_and_the_users_do(places):
    places.workspace.settings.write_text(
        "slots = 1\nledger = 'x'\nnotify = 'rm x'\nenv = ['A']\n[executors.codex]\nmodel = 'p'\n"
    )
    places.own.write_text("notify = 'say'\n[executors.gemini]\nmodel = 'q'\n")
    found = places.load(trusted=False).settings
    assert found == Settings(slots=1, notify="say", executors={"gemini": {"model": "q"}})
    assert places.load().settings.ledger == "x"


def test_until_trusted_mistakes_are_still_said(places):
    places.workspace.settings.write_text("ledger = 3\n")
    with pytest.raises(BadSettings, match="ledger must be"):
        places.load(trusted=False)


def test_what_else_is_called_taskboard_in_the_environment_is_left_alone(places):
    found = places.load(
        TASKBOARD_TRUST="1",
        TASKBOARD_RUN="TASK-015@3",
        TASKBOARD_BOARD="/b/task-board.md",
        TASKBOARD_SOMETHING="x",
        TASKBOARD_SLOTS="",
    )
    assert found.settings == Settings()


def test_a_misspelt_variable_is_a_mistake(places):
    assert "Did you mean lease_ttl?" in places.mistakes(TASKBOARD_LEASE_TLL="1m").message


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("debounce = '20s'", "debounce_max (10s) must not be less than debounce (20s)"),
        ("backoff_max = '1s'", "backoff_max (1s) must not be less than backoff (10s)"),
    ],
)
def test_a_limit_below_what_it_limits_is_a_mistake_where_it_was_made(places, text, named):
    places.workspace.settings.write_text(f"\n{text}\n")
    assert f"{places.workspace.settings}:2: {named}" in places.mistakes().message


def test_a_pipe_in_place_of_settings_is_a_mistake_and_no_hang(places):
    places.workspace.settings.mkdir()
    assert "no regular file" in places.mistakes().message


def test_the_table_for_the_documents_has_a_row_for_each_setting():
    rows = settings_table().splitlines()
    assert [re.match(r"\| `(\w+)` \|", row)[1] for row in rows[2:]] == [s.name for s in SETTINGS]
    assert '| `lease_ttl` | `"60s"` |' in settings_table()
    assert "| `owner` | unset |" in settings_table()
