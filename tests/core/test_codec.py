import hashlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.codec import decode, seal
from taskboard.core.event import FIRST_PREV, MAX_LINE, Event
from taskboard.errors import Corrupt, TaskboardError

KEYS = (
    "v seq ts type task from to agent run attempt spent step actor device task_id id data more "
    "prev hash"
).split()

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.none() | st.text(max_size=12)
EVENTS = st.builds(
    Event,
    v=st.just(1),
    seq=st.integers(1, 2**40),
    ts=st.just("2026-11-20T21:44:38.123456Z"),
    type=st.text(max_size=12),
    task=WORDS,
    from_=WORDS,
    to=WORDS,
    agent=WORDS,
    run=WORDS,
    attempt=st.none() | st.integers(0, 99),
    spent=st.none() | st.integers(0, 99),
    step=WORDS,
    actor=st.text(max_size=12),
    device=st.text(max_size=12),
    task_id=WORDS,
    id=st.text(max_size=12),
    data=st.dictionaries(st.text(max_size=8), JSON, max_size=4),
    more=st.integers(0, 9),
    prev=st.just(FIRST_PREV),
    hash=st.just(""),
)


def event(**more):
    values = {
        "v": 1,
        "seq": 1,
        "ts": "2026-11-20T21:44:38.123456Z",
        "type": "decided",
        "task": None,
        "from_": None,
        "to": None,
        "agent": None,
        "run": None,
        "attempt": None,
        "spent": None,
        "step": None,
        "actor": "daemon",
        "device": "here",
        "task_id": None,
        "id": "id",
        "data": {},
        "more": 0,
        "prev": FIRST_PREV,
        "hash": "",
    }
    return Event(**{**values, **more})


@given(EVENTS)
def test_a_line_reads_back_as_the_event_it_was_made_of(made):
    sealed, line = seal(made)
    assert decode(line) == sealed
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")


@given(EVENTS)
def test_anybody_can_check_a_line_with_a_hash_and_a_knife(made):
    _, line = seal(made)
    body, found, rest = line.rpartition(b',"hash":')
    assert found
    assert rest == b'"%b"}\n' % hashlib.sha256(body).hexdigest().encode()
    assert list(json.loads(line)) == KEYS


def test_a_line_has_no_spaces_between_its_parts():
    _, line = seal(event(data={"a": [1, 2], "b": {"c": None}}))
    assert line == (
        b'{"v":1,"seq":1,"ts":"2026-11-20T21:44:38.123456Z","type":"decided","task":null,'
        b'"from":null,"to":null,"agent":null,"run":null,"attempt":null,"spent":null,"step":null,'
        b'"actor":"daemon","device":"here","task_id":null,"id":"id",'
        b'"data":{"a":[1,2],"b":{"c":null}},"more":0,"prev":"%b","hash":"%b"}\n'
        % (FIRST_PREV.encode(), line[-67:-3])
    )


def test_any_flipped_bit_is_found():
    _, line = seal(event(task="TASK-001", data={"title": "é", "n": 1}))
    for place in range(len(line)):
        for bit in range(8):
            spoiled = bytearray(line)
            spoiled[place] ^= 1 << bit
            with pytest.raises(Corrupt):
                decode(bytes(spoiled))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_event_are_refused(data):
    with pytest.raises(Corrupt):
        decode(data)


def test_a_line_cut_anywhere_is_refused():
    _, line = seal(event())
    for end in range(len(line)):
        with pytest.raises(Corrupt):
            decode(line[:end])


def test_keys_that_a_later_version_adds_do_no_harm():
    _, line = seal(event())
    body = line.rpartition(b',"hash":')[0] + b',"later":1'
    digest = hashlib.sha256(body).hexdigest().encode()
    assert decode(b'%b,"hash":"%b"}\n' % (body, digest)).seq == 1


def test_the_limit_counts_the_newline():
    spare = MAX_LINE - len(seal(event(data={"t": ""}))[1])
    assert len(seal(event(data={"t": "x" * spare}))[1]) == MAX_LINE
    with pytest.raises(TaskboardError) as caught:
        seal(event(data={"t": "x" * (spare + 1)}))
    assert caught.value.code == "internal"


def test_an_event_read_back_seals_to_the_same_line():
    _, line = seal(event(data={"x": 1}))
    again = msgspec.structs.replace(decode(line), hash="")
    assert seal(again)[1] == line
