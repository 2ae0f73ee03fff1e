from __future__ import annotations

import pytest
from msgspec.structs import replace

from taskboard.confiners.sandbox_exec import SandboxExec, profile


def order_of(text, *pieces):
    places = [text.index(piece) for piece in pieces]
    return places == sorted(places)


def test_the_last_rule_about_a_path_is_the_most_specific(cage):
    text = profile(cage)
    assert order_of(
        text,
        "(deny file-write*)",
        f'(deny file-read* file-write* (subpath "{cage.home}"))',
        f'(allow file-write* (subpath "{cage.project}"))',
        f'(deny file-write* (subpath "{cage.project}/board.md"))',
    )


def test_a_control_file_that_is_missing_is_held_too(cage):
    missing = cage.project / "taskboard.toml"
    text = profile(replace(cage, control=(missing,)))
    assert text.rindex(f'(deny file-write* (subpath "{missing}"))') > text.rindex(
        f'(allow file-write* (subpath "{cage.project}"))'
    )


def test_folders_above_control_files_cannot_be_renamed(cage):
    text = profile(cage)
    for folder in (cage.project, cage.project / ".git"):
        assert f'(deny file-write-unlink (literal "{folder}"))' in text


@pytest.mark.parametrize(
    ("network", "rule"),
    [(False, "(deny network*)"), (True, "(deny network-outbound (remote unix-socket))")],
)
def test_the_network_is_a_rule(cage, network, rule):
    assert rule in profile(replace(cage, network=network))


def test_quotes_and_backslashes_do_not_end_a_name(cage):
    odd = cage.home / 'a"b\\c'
    odd.mkdir()
    assert f'(subpath "{cage.home}/a\\"b\\\\c")' in profile(replace(cage, writable=(odd,)))


def test_brackets_match(cage):
    text = profile(cage)
    assert text.count("(") == text.count(")")
    assert all(line.startswith("(") and line.endswith(")") for line in text.splitlines())


def test_the_command_follows_the_profile(cage):
    assert SandboxExec("/x/sandbox-exec").wrap(["a", "b c"], cage)[-2:] == ["a", "b c"]
