"""The record of a ledger's head: of one length, and known to be whole."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from taskboard import head
from taskboard.head import Head

NUMBERS = st.integers(0, 2**63)
RECORDS = st.builds(
    lambda **fields: head.checked(Head(**fields)),
    ledger_id=st.just("a-b"),
    seq=NUMBERS,
    hash=st.text("0123456789abcdef", min_size=64, max_size=64),
    end=NUMBERS,
    path=st.just("/w/events.jsonl"),
    when=st.just("2026-11-20T21:44:38.123456Z"),
    sealed=NUMBERS,
)


@given(RECORDS, RECORDS)
def test_records_of_one_ledger_are_of_one_length_and_read_back(one, other):
    spelled = head.spell(one)
    assert len(spelled) == len(head.spell(other))
    assert head.read(spelled) == one
    assert one.check


@given(RECORDS, RECORDS, st.data())
def test_a_mixture_of_two_records_is_none(one, other, data):
    new, old = head.spell(one), head.spell(other)
    mixed = new[: (cut := data.draw(st.integers(0, len(new))))] + old[cut:]
    found = head.read(mixed)
    assert mixed in {new, old} or found is None or head.spell(found) in {new, old}


def test_a_record_from_before_there_were_checks_counts():
    record = Head(ledger_id="a", seq=1, hash="0" * 64, end=9, path="/p", when="now")
    assert head.read(msgspec.json.encode(record)) == record
    forged = msgspec.structs.replace(record, check="0" * 16)
    assert head.read(msgspec.json.encode(forged)) is None
