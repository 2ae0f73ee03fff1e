"""`service status` in a folder that no service can name: there is none, which is an answer."""

from __future__ import annotations

import sys

import pytest

NAMES = ["a\nb", "a\tb", "a\x1bb"]
if sys.platform != "darwin":  # whose file systems take UTF-8 only
    NAMES.append("a\udcffb")


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_that_no_service_can_name_has_none(desk, monkeypatch, name):
    folder = desk.folder / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert desk("init").code == 0
    assert desk("trust").code == 0
    said = desk("service", "status")
    assert (said.code, said.err) == (0, "")
    assert "Not installed" in said.out
    assert desk.ok("service", "status")["installed"] is False
    refused = desk("service", "install", "--print", "--json")
    assert (refused.code, refused.error["code"]) == (78, "settings")
