"""Keys come from a file that only their user may read, and are never shown."""

from __future__ import annotations

import os
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.errors import BadSettings
from taskboard.service.env_file import read_env_file

SECRET = "sk-very-secret-1234"


def test_names_and_values_are_read(user):
    path = user.keys(
        "# keys\n\n; more\nANTHROPIC_API_KEY=sk-1\nTASKBOARD_SLOTS=4  \n"
        "QUOTED=\"it's here\"\nSINGLE=' as it is '\nEMPTY=\nURL=https://x/?a=b#c\nTWO=a b\n"
    )
    assert read_env_file(path) == {
        "ANTHROPIC_API_KEY": "sk-1",
        "TASKBOARD_SLOTS": "4",
        "QUOTED": "it's here",
        "SINGLE": " as it is ",
        "EMPTY": "",
        "URL": "https://x/?a=b#c",
        "TWO": "a b",
    }


def test_only_what_systemd_takes_for_blanks_is_taken_off_the_ends(user):
    path = user.keys(" \tA=1 \t\r\nB=2\xa0\nC=3\u2028\n\r\n \t# it's\\not \\ over\r\nD=\u3000\n")
    with pytest.raises(BadSettings, match=":6: no blank may follow"):
        read_env_file(path)
    path.write_bytes(path.read_bytes().rpartition(b"D=")[0])
    assert read_env_file(path) == {"A": "1", "B": "2\xa0", "C": "3\u2028"}


def test_a_file_of_somebody_else_is_refused(user, monkeypatch):
    path = user.keys(f"A={SECRET}\n")
    owner = os.geteuid()
    assert read_env_file(path) == {"A": SECRET}
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(BadSettings, match="belongs to somebody else"):
        read_env_file(path)


def test_no_file_is_no_keys(user):
    assert read_env_file(user.env_file) == {}
    assert read_env_file(user.home / "x" / "y") == {}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620, 0o601])
def test_a_file_that_others_may_open_is_refused_with_the_cure(user, mode):
    path = user.keys(f"A={SECRET}\n", mode)
    with pytest.raises(BadSettings) as refused:
        read_env_file(path)
    assert refused.value.hint == f"chmod 600 {path}"
    assert f"{mode:04o}" in refused.value.message


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"export A={SECRET}", "leave out `export`"),
        (f"A {SECRET}", "no `=`"),
        (f"A ={SECRET}", "a name is"),
        (f"1A={SECRET}", "a name is"),
        (f"A= {SECRET}", "no blank"),
        (f'A="{SECRET}', "not closed"),
        (f'A={SECRET}"x"', "quote within"),
        (f'A="{SECRET}"x"', "quote within"),
        (f"A={SECRET} # mine", "a comment"),
        (f"A={SECRET}\\n", "backslash"),
        (f"A='{SECRET}\\n'", "backslash"),
        (f"A={SECRET}\x1b[2J", "control character"),
        (f"A={SECRET}\x7f", "control character"),
        (f"A={SECRET}\x1c", "control character"),
        (f"A={SECRET}\x0b", "control character"),
        (f"A={SECRET}\x85", "control character"),
        (f"# {SECRET}\rB=2", "control character"),
        (f"# {SECRET}\\", "may not end with a backslash"),
        (f"  ; {SECRET}\\ \t", "may not end with a backslash"),
        (f"\xa0A={SECRET}", "a name is"),
        (f"\u2028# {SECRET}=", "a name is"),
        (f"A=1\nA={SECRET}", "set twice"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused_without_showing_it(user, line, why):
    path = user.keys(f"# keys\n{line}\n")
    with pytest.raises(BadSettings) as refused:
        read_env_file(path)
    said = f"{refused.value.message} {refused.value.hint} {refused.value.data}"
    assert why in said
    assert SECRET not in said
    assert f"{path}:{2 + line.count(chr(10))}" in said


def test_what_is_no_text_file_is_refused(user):
    folder = user.env_file
    folder.mkdir(parents=True)
    with pytest.raises(BadSettings, match="no regular file"):
        read_env_file(folder)
    pipe = user.home / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(BadSettings, match="no regular file"):
        read_env_file(pipe)
    for data, why in ((b"A=\xff\n", "UTF-8"), (b"#" * 70_000, "64 KiB")):
        path = user.home / "env"
        path.write_bytes(data)
        path.chmod(0o600)
        with pytest.raises(BadSettings, match=why):
            read_env_file(path)


@given(st.text(alphabet=string.ascii_letters + string.digits + " '\"\\#;=$`%!~-\t", max_size=12))
def test_what_is_accepted_is_what_stands_between_equals_and_the_end(tmp_path_factory, value):
    """systemd reads the same file: nothing may be left to unquoting."""
    path = tmp_path_factory.getbasetemp() / f"env-{os.getpid()}"
    path.write_text(f"A={value}\n")
    path.chmod(0o600)
    try:
        found = read_env_file(path)["A"]
    except BadSettings:
        return
    text = value.strip()
    assert found in (text, text[1:-1])
    assert (found == text) != (text[:1] in ("'", '"') and bool(text))
