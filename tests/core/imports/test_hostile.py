"""Whatever a file holds: the new board has the tasks of it and no others, and no word is lost."""

from __future__ import annotations

import itertools
import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

LINES = """
- [ ] {w}
- [x] {w}
- [/] {w} 📅 2026-04-20
- [ ] TASK-{n} {w}
- [ ] **T00{n}**: {w} (depends on T001)
- [ ]
  - [ ] {w}
  - [x] TASK-{n} {w}
    {w}
      {w}
- {w}
* [ ] {w} [due:: {w}]
1. [ ] {w} #{w} @{w}
\t- [ ] {w}
- - [ ] {w}
  - **ID**: {w}
  - **Depends on**: TASK-{n}, {w}
  - run: {w}
- **Status**: {w}
# {w}
## {w}
###### {w}
## Done
## In progress
## TASK-{n} {w}
### [x] {w}
## Inbox
{w}
=====
-----
---
- status: ready
status: ready
- status: blocked:until:2020-01-01T00:00Z
status: {w}
title: {w}
id: {w}
parent: TASK-{n}
dependencies: [{w}, 'TASK-{n}']
run: {w}
pause: all
- pause: all
```
````{w}
~~~
  ```
<!-- {w}
-->
<!-- status: ready -->
<div>{w}
<script>
%% {w}
%%
> - [ ] {w}
> ```
| id | Title | Status | {w} |
|---|---|:-:|--|
| TASK-{n} | {w} | done | x \\| {w} |
| {w} |
|
kanban-plugin: board
%% kanban:settings
{{"id": "{w}", "title": "{w}", "status": "open"}}
\x1b[31m{w}
\x00{w}
\u2028{w}
{w}\x0c
    {w}
- [ ] {w} `{w}
- [ ] `{w}`
- [ ] {w} <!-- {w}
- [ ] # {w} #
- [ ] [TASK-{n}]({w}.md)
- [ ] [{w}: {w}] [[{w}]]
[{w}]: http://example.com
:
：{w}
- priority: {w}
**Owner:** {w}
- timeout: {w}
- note: {w}

"""[1:-1].split("\n")


@st.composite
def boards(draw):
    """Lines of all kinds in any order; every word in them is another."""
    numbers = itertools.count(100)
    lines = draw(st.lists(st.sampled_from(LINES), max_size=24))
    filled = []
    for line in lines:
        parts = re.split(r"\{w\}", line)
        text = parts[0]
        for part in parts[1:]:
            text += f"word{next(numbers)}{part}"
        number = str(draw(st.integers(1, 3)))
        filled.append(text.replace("{n}", number).replace("{{", "{").replace("}}", "}"))
    return draw(st.sampled_from(["\n", "\r\n", "\r"])).join(filled)


def must_keep_every_word(new, text):
    told = new.text + "".join(f.message for f in new.findings)
    missing = [word for word in re.findall(r"word\d+", text) if word not in told]
    if new.shape and new.whole.left_out == 0:
        assert missing == []


@given(boards())
@settings(max_examples=100, deadline=None)
def test_a_board_of_any_lines_is_imported_whole(made, text):
    new = made(text)
    new.must_be_whole()
    must_keep_every_word(new, text)


@given(boards(), st.data())
@settings(max_examples=150, deadline=None)
def test_read_as_any_shape_it_is_whole_too(made, shape_names, text, data):
    new = made(text, wanted=data.draw(st.sampled_from(shape_names)))
    new.must_be_whole()
    must_keep_every_word(new, text)


@given(st.lists(boards(), min_size=2, max_size=4))
@settings(max_examples=60, deadline=None)
def test_several_files_make_one_board(made, texts):
    made(*texts).must_be_whole()


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_at_all_are_read_or_refused(made, data):
    made(data).must_be_whole()


KEYS = (
    "id title status priority assignee dependencies description subtasks details labels parent "
    "run depends_on_id type needs no\nkey"
).split(" ")
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.just("- status: ready\n# x"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)
RECORDS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8)


@given(st.lists(RECORDS, max_size=4))
@settings(max_examples=40, deadline=None)
def test_json_of_any_kind_is_read_as_tasks(made, records):
    made("\n".join(json.dumps(record) for record in records), wanted="beads").must_be_whole()
    made(json.dumps({"tasks": records}), wanted="task-master").must_be_whole()
    tag = "a\n## TASK-9 x\n- status: ready"
    made(json.dumps({tag: {"tasks": records}}), wanted="task-master").must_be_whole()


@given(boards())
@settings(max_examples=50, deadline=None)
def test_an_imported_board_imported_again_keeps_its_tasks(made, text):
    """A heading that was no task for want of a status may be one more."""
    once = made(text)
    again = made(once.text, wanted="sections") if once.board.items else once
    assert states(once).items() <= states(again).items()


def states(new):
    return {i.task: i.status_field.value for i in new.board.items}
