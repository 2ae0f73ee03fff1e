"""Every code that the program can print stands in the table that the docs are made from."""

from __future__ import annotations

import re
from pathlib import Path

import taskboard
from taskboard.core.codes import CODES

SOURCE = Path(taskboard.__file__).parent


def test_every_code_in_the_source_is_in_the_table():
    used = {
        code for path in SOURCE.rglob("*.py") for code in re.findall(r"TB\d{3}", path.read_text())
    }

    assert used - set(CODES) == set()
