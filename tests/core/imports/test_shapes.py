"""Every shape on a small board of its kind: what is read, and what the new board says."""

from __future__ import annotations

import json

import pytest


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


def test_a_table(made):
    new = made(
        """\
# Plan

Who does what.

| ID | Task | Owner | Status | Depends on | Effort |
|:---|------|-------|:------:|------------|--------|
| WEB-1 | Draft the page | @kim | ✅ Done | — | 2h |
| WEB-2 | Look \\| at it | bo | 🔄 In Progress | WEB-1 (done) | |
| WEB-3 | Publish | | Ready | `WEB-1`, [WEB-2](#web-2) | 1h |
|  |  |

| Sign | Means |
|------|-------|
| ✅ | finished |

## WEB-2 Look at it

Look at the links.

### Notes

More.
"""
    )
    new.must_be_whole()
    assert new.shape == "table"
    assert new.states == {
        "Draft the page": "done",
        "Look | at it": "blocked:bo:working",
        "Publish": "todo",
    }
    assert new.fields("WEB-1") == {"owner": "kim", "effort": "2h"}
    assert new.fields("WEB-2")["needs"] == "WEB-1"
    assert new.fields("WEB-3")["needs"] == "WEB-1, WEB-2"
    assert "Look at the links." in new.board.item("WEB-2").prompt
    assert "More." in new.board.item("WEB-2").prompt
    assert "Who does what." in new.text
    assert "| ✅ | finished |" in new.text


def test_a_table_of_several_and_an_id_twice(made):
    new = made(
        "| # | Item | State |\n|--|--|--|\n| 1 | One | todo |\n\n"
        "| Task id | What | Status |\n|--|--|--|\n| A-1 | Two | todo |\n| A-1 | Three | todo |\n"
    )
    assert [(i.task, i.title) for i in new.board.items] == [
        ("A-2", "One"), ("A-1", "Two"), ("A-3", "Three"),
    ]  # fmt: skip
    assert new.fields("A-3")["source-id"] == "A-1"
    assert [m for m in new.said("unclear") if "A-1 is taken" in m]


def test_a_checklist(made):
    new = made(
        """\
# Home

Some words.

- [ ] Paint the door
  - [x] buy paint
  - [ ] sand it

  In blue.
- [x] **HOME-7**: Call the plumber (depends on T001)
- [ ] T001 [P] [US2] Order wood in `shop.md`
- [~] Half way [due: 2026-05-01] @kim
- [-] Never mind
- [?] Who knows
- a plain line
  - [ ] a box beneath it
"""
    )
    new.must_be_whole()
    assert new.shape == "checklist"
    assert list(new.states.items()) == [
        ("Paint the door", "todo"),
        ("Call the plumber", "done"),
        ("Order wood in `shop.md`", "todo"),
        ("Half way", "blocked:kim:working"),
        ("Never mind", "failed:cancelled"),
        ("Who knows", "todo"),
        ("a box beneath it", "todo"),
    ]
    first = new.board.items[0]
    assert lines(first.prompt) == ["- [x] buy paint", "- [ ] sand it", "In blue."]
    assert new.fields("HOME-7") == {"needs": new.board.items[2].task}
    assert new.board.items[2].values() == {
        "parallel": "yes", "story": "US2", "source-id": "T001",
    }  # fmt: skip
    assert new.board.items[3].values()["due"] == "2026-05-01"
    assert "Some words.\n\n- a plain line" in new.text


@pytest.mark.parametrize(
    ("text", "old"),
    [
        ("S3 upload", ""), ("UTF-8 names", ""), ("SHA-256 sums", ""), ("[S3] upload", "S3"),
        ("S3: upload", "S3"), ("T001 upload", "T001"), ("`OPS-4` upload", "OPS-4"),
        ("**OPS-4** upload", "OPS-4"), ("**OPS-4: upload**", "OPS-4"), ("ops-4: upload", "ops-4"),
        ("see-4 upload", ""), ("2.1 upload", "2.1"), ("OPS-4/5 upload", ""), ("OPS-4", ""),
    ],
)  # fmt: skip
def test_an_id_is_what_looks_like_one_and_is_no_word(made, text, old):
    draft, _ = made(f"- [ ] {text}\n").whole.board.tasks[0]
    assert draft.old_id == old
    assert "upload" not in text or "upload" in draft.title


def test_a_box_with_an_id_beneath_a_box_is_a_child(made):
    new = made("- [ ] HOME-1 Door\n  - [ ] HOME-2 Paint\n    - [ ] a criterion\n  - [ ] sand\n")
    assert [i.parent for i in new.board.items] == [None, 0]
    assert new.board.items[1].prompt.strip() == "- [ ] a criterion"
    assert new.board.items[0].prompt.strip() == "- [ ] sand"


def test_a_kanban_board_of_obsidian(made):
    new = made(
        """\
---

kanban-plugin: board

---

## Ideas

- [ ] Learn to sail @{2026-06-01}
\twith a friend

## Doing

- [ ] Write a letter

## Finished things

**Complete**
- [x] Mow the lawn
- [ ] Wash the car

***

## Archive

- [x] An old card

%% kanban:settings
```
{"kanban-plugin":"board"}
```
%%
"""
    )
    new.must_be_whole()
    assert new.shape == "kanban"
    assert new.states == {
        "Learn to sail": "ideas",
        "Write a letter": "blocked:unknown:working",
        "Mow the lawn": "done",
        "Wash the car": "done",
    }
    assert new.board.items[0].values() == {"due": "2026-06-01"}
    assert "with a friend" in new.board.items[0].prompt
    assert "## Archive\n\n- [x] An old card" in new.text
    assert "kanban" not in new.text
    assert len(new.said("tool")) == 2
    assert new.whole.left_out == 0
    assert [m for m in new.said("unclear") if "the place counts" in m]


def test_tasks_of_obsidian(made):
    new = made(
        """\
- [ ] #task Pay the bill 📅 2026-05-01 ⏫ #home
- [x] Call Ann ✅ 2026-04-02 [priority:: low]
- [ ] Water plants 🔁 every day 🛫 2026-04-01 🆔 wat ⛔ pay
- [ ] Pay 🆔 pay ⏳ 2026-04-09 ➕ 2026-04-01
"""
    )
    new.must_be_whole()
    assert new.shape == "obsidian-tasks"
    bill, call, plants, pay = new.board.items
    assert bill.values() == {
        "priority": "high", "due": "2026-05-01", "tags": "task, home", "source-priority": "⏫",
    }  # fmt: skip
    assert (call.status.kind.value, call.values()) == (
        "done",
        {"priority": "low", "finished": "2026-04-02"},
    )
    assert plants.values()["needs"] == pay.task
    assert plants.values()["repeats"] == "every day"
    assert "not-before" not in plants.values()


def test_a_tasks_md_of_agents(made):
    new = made(
        """\
# Tasks

## P1

- [ ] Build the server (@cursor-1)
  - **ID**: server
  - **Tags**: tooling
  - **Details**: It reads files.
    Two tools:
    - one
    - another
  - **Acceptance**: It answers,
    and it ends.
  - **Blocked by**: site, old-thing
  - [x] Design it
- [ ] Build the site
  - **ID**: site
  - **Run**: make site
"""
    )
    new.must_be_whole()
    assert new.shape == "tasks-md"
    server, site = new.board.items
    assert server.values() == {
        "needs": site.task,
        "owner": "cursor-1",
        "priority": "P1",
        "tags": "tooling",
        "measure": "It answers, and it ends.",
        "source-needs": "site, old-thing",
        "source-id": "server",
    }
    assert "- **Details**: It reads files." in server.prompt
    assert "- [x] Design it" in server.prompt
    assert site.values()["source-run"] == "make site"
    assert [m for m in new.said("changed") if "old-thing" in m]


def test_lanes(made):
    new = made(
        """\
## To do

- Write a letter
    > to Ann
    * [ ] stamps
- Buy milk

## Doing (2)

- [ ] Cook

## Done ✓

- [x] Shop
- [ ] Rest

## Notes

- not a task, nor a box
"""
    )
    new.must_be_whole()
    assert new.shape == "lanes"
    assert new.states == {
        "Write a letter": "to do",
        "Buy milk": "to do",
        "Cook": "blocked:unknown:working",
        "Shop": "done",
        "Rest": "done",
    }
    assert lines(new.board.items[0].prompt)[0].strip() == "> to Ann"
    assert "## Notes\n\n- not a task, nor a box" in new.text


def test_sections(made):
    new = made(
        """\
# Queue

Claim one.

## Task 1: Retry
Status: done by Antonia (2026-02-04)
Scope:
- a budget

### Details

More.

## [OPS-2] Watch it
- **Owner:** kim
- **Depends on:** Task 1

Text.

### OPS-3 — A part

### ✅ Polish
- ID: OPS-4

## Appendix

Not a task.
"""
    )
    new.must_be_whole()
    assert new.shape == "sections"
    assert [(i.task, i.title, i.parent) for i in new.board.items] == [
        ("OPS-5", "Retry", None),
        ("OPS-2", "Watch it", None),
        ("OPS-3", "A part", 1),
        ("OPS-4", "Polish", 1),
    ]
    assert new.states["Retry"] == "done"
    assert new.states["Polish"] == "done"
    assert new.fields("OPS-2") == {"needs": "OPS-5", "owner": "kim"}
    assert lines(new.board.items[0].prompt) == ["Scope:", "- a budget", "### Details", "More."]
    assert "Not a task." in new.text


TASK = """\
---
id: {id}
title: 'Part 2: the rest'
status: {status}
assignee:
  - '@codex'
labels: [a, b]
dependencies: [{needs}]
parent_task_id: {parent}
priority: medium
created_date: '2026-04-01 10:00'
references:
  - url: x
---

## Description

Some words.

## Acceptance Criteria
<!-- AC:BEGIN -->
- [x] #1 It works
<!-- AC:END -->
"""


def test_a_file_to_each_task(made):
    new = made(
        ("task-2 - Rest.md", TASK.format(id="task-2", status="To Do", needs="task-1", parent="")),
        ("task-1.md", TASK.format(id="task-1", status="Done", needs="", parent="")),
        ("x.md", TASK.format(id="task-1.1", status="Ready", needs="TASK-2", parent="task-1")),
    )
    new.must_be_whole()
    assert new.shape == "front-matter"
    second, first, part = new.board.items
    assert (second.task, first.task, part.parent) == ("TASK-2", "TASK-1", 1)
    assert second.values() == {
        "needs": "TASK-1",
        "owner": "codex",
        "priority": "medium",
        "labels": "a, b",
        "created-date": "2026-04-01 10:00",
    }
    assert part.values()["source-id"] == "task-1.1"
    assert part.values()["needs"] == "TASK-2"
    assert "- [x] #1 It works" in second.prompt
    assert "### Description" in second.prompt
    assert "  - url: x" in second.prompt
    assert [m for m in new.said("unclear") if "more than keys" in m]


def test_an_index_of_lanes_and_its_files(made):
    card = "---\ncreated: 2026-04-01\nupdated: 2026-04-02\n---\n\n# {}\n\nText.\n"
    index = (
        "# Shop\n## Todo\n- [a](tasks/a.md)\n- [gone](tasks/gone.md)\n## Done\n- [b](tasks/b.md)\n"
    )
    new = made(
        ("b/index.md", index), ("b/a.md", card.format("Paint")), ("b/b.md", card.format("Saw"))
    )
    new.must_be_whole()
    assert new.states == {"Paint": "todo", "[gone](tasks/gone.md)": "todo", "Saw": "done"}


def test_issues_of_beads(made):
    issues = [
        {"id": "bd-1", "title": "Epic", "status": "open", "priority": 0, "issue_type": "epic"},
        {"id": "bd-a1", "title": "Part\n- status: ready", "status": "in_progress", "priority": 2,
         "assignee": "kim", "description": "One\nTwo", "labels": ["a", "b"],
         "acceptance_criteria": "- [ ] it works", "comments": [{"text": "hi"}],
         "dependencies": [
             {"issue_id": "bd-a1", "depends_on_id": "bd-1", "type": "parent-child"},
             {"issue_id": "bd-a1", "depends_on_id": "bd-3", "type": "blocks"},
             {"issue_id": "bd-a1", "depends_on_id": "bd-9", "type": "related"}]},
        {"id": "bd-3", "title": "Other", "status": "closed", "priority": 1},
    ]  # fmt: skip
    new = made("\n".join(json.dumps(i) for i in issues) + "\n{torn")
    new.must_be_whole()
    assert new.shape == "beads"
    assert [(i.task, i.title, i.parent) for i in new.board.items] == [
        ("BD-1", "Epic", None), ("BD-4", "Part - status: ready", 0), ("BD-3", "Other", None),
    ]  # fmt: skip
    part = new.board.items[1]
    assert part.status_field.value == "blocked:kim:working"
    assert part.values()["needs"] == "BD-3"
    assert part.values()["related"] == "bd-9"
    assert part.values()["priority"] == "P2"
    assert "- [ ] it works" in part.prompt
    assert '[{"text":"hi"}]' in part.prompt
    assert new.whole.left_out == 1


def test_tasks_of_task_master(made):
    tasks = [
        {"id": 1, "title": "One", "status": "done", "dependencies": [], "priority": "high",
         "details": "Long", "testStrategy": "Try it", "subtasks": [
             {"id": 1, "title": "A", "status": "pending", "dependencies": []},
             {"id": 2, "title": "B", "status": "deferred", "dependencies": [1]}]},
        {"id": 2, "title": "Two", "status": "pending", "dependencies": [1, "1.1"]},
    ]  # fmt: skip
    new = made(json.dumps({"master": {"tasks": tasks, "metadata": {"created": "x"}}}))
    new.must_be_whole()
    assert new.shape == "task-master"
    one, a, b, two = new.board.items
    assert [a.parent, b.parent, two.parent] == [0, 0, None]
    assert b.values()["needs"] == a.task
    assert two.values()["needs"] == f"{one.task}, {a.task}"
    assert "Try it" in one.prompt
    assert b.status_field.value == "failed:deferred"


@pytest.mark.parametrize("text", ["", "# A page\n\nNo task.\n", "- one\n- two\n"])
def test_a_file_without_tasks_is_left_out_and_said_so(made, text):
    new = made(text)
    assert new.shape == ""
    assert new.whole.left_out == 1
    assert new.board.items == ()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("- [ ] x".encode("utf-16"), "UTF-16"),
        (bytes(range(256)) * 8, "not UTF-8"),
        (b"- [ ] x\n" * (3 << 20), "16 MB"),
        (b"<<<<<<< a\n- [ ] x\n=======\n- [ ] y\n>>>>>>> b\n", "conflict"),
    ],
)
def test_a_file_that_is_no_text_is_refused_by_name(made, data, why):
    new = made(data)
    assert why in new.said("left-out")[0]
    assert new.whole.left_out == 1


def test_another_shape_in_the_same_file_is_told(made):
    rows = "".join(f"| A-{n} | x | todo |\n" for n in range(5))
    boxes = "".join(f"- [ ] box {n}\n" for n in range(9))
    new = made(f"{boxes}\n| id | task | status |\n|--|--|--|\n{rows}")
    assert new.shape == "checklist"
    assert [m for m in new.said("unclear") if "As table it would have 5 tasks" in m]


def test_ids_of_the_board_it_will_stand_on_are_not_given_again(made):
    new = made("- [ ] A-1 one\n- [ ] two\n", taken={"A-1", "A-40"})
    assert [i.task for i in new.board.items] == ["A-41", "A-42"]


def test_parents_in_a_circle_stay_where_they_are(made):
    text = "".join(
        f"## A-{n} x\nstatus: todo\nparent: A-{m}\n\n" for n, m in ((1, 2), (2, 1), (3, 3))
    )
    new = made(text)
    new.must_be_whole()
    assert sum(i.parent is not None for i in new.board.items) == 1


def test_characters_that_are_no_text_are_spelled_out(made):
    new = made(b"- [ ] \x1b[31mred\x00 caf\xe9 and long enough to be text\n")
    assert new.board.items[0].title.startswith("[U+001B][31mred[U+0000] caf[0xE9] and")
    assert len(new.said("changed")) == 1


@pytest.mark.parametrize("deep", [8, 900, 5000])
def test_tasks_deeper_than_headings_go_stand_beside(made, deep):
    text = '{"id":1,"title":"t","status":"pending","subtasks":[' * deep + "]}" * deep
    new = made('{"tasks":[' + text + "]}")
    new.must_be_whole()
    if new.board.items:
        assert len(new.board.items) == min(deep, 21)
        assert max(i.level for i in new.board.items) == 6
        assert [m for m in new.said("unclear") if "too deep for a heading" in m]
    else:
        assert new.whole.left_out == 1
