"""What docs/ledger-format.md and docs/event.schema.json promise, on real lines."""

import asyncio
import json
import re
from pathlib import Path

import jsonschema
import pytest

from taskboard.clock import SystemClock
from taskboard.core.event import Event, EventType
from taskboard.ledgers.memory import MemoryLedger
from taskboard.testing.ledger import LAWS

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "event.schema.json").read_text())


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_every_line_that_the_suite_writes_fits_the_schema(law):
    ledger = MemoryLedger(SystemClock())
    asyncio.run(law(lambda: ledger))
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for line in ledger.lines:
        validator.validate(json.loads(line))


def test_the_schema_knows_all_keys_in_their_order_and_all_types():
    keys = ["from" if name == "from_" else name for name in Event.__struct_fields__]
    assert list(SCHEMA["properties"]) == SCHEMA["required"] == keys
    assert SCHEMA["properties"]["type"]["examples"] == [kind.value for kind in EventType]


@pytest.mark.parametrize(
    "change",
    [{"seq": 0}, {"to": "nearly"}, {"ts": "yesterday"}, {"hash": "AB"}, {"data": []}, {"v": 2}],
    ids=str,
)
def test_the_schema_refuses_what_is_no_event(change):
    ledger = MemoryLedger(SystemClock())
    asyncio.run(LAWS[0](lambda: ledger))
    line = {**json.loads(ledger.lines[0]), **change}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(line, SCHEMA, jsonschema.Draft202012Validator)


def test_the_program_in_the_document_proves_a_ledger_and_finds_a_forgery(tmp_path, monkeypatch):
    text = (DOCS / "ledger-format.md").read_text()
    program = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    ledger = MemoryLedger(SystemClock())
    asyncio.run(LAWS[2](lambda: ledger))
    monkeypatch.chdir(tmp_path)
    Path("events.jsonl").write_bytes(b"".join(ledger.lines))
    # The file is opened without "with", for brevity; closing it is not what is shown.
    names = {"open": lambda *args: iter(Path(args[0]).read_bytes().splitlines(keepends=True))}
    exec(program, names)
    assert names["seq"] == 5
    Path("events.jsonl").write_bytes(b"".join(ledger.lines).replace(b"Task 1", b"Task 7"))
    with pytest.raises(AssertionError):
        exec(program, names)
