from __future__ import annotations

import json
import os

import pytest

from taskboard.core.conversation import GO_ON, INTERRUPTED
from taskboard.core.outcome import Failed, NeedsInput, Succeeded
from taskboard.executors.claude.journal import NAME, taken_over
from taskboard.testing.offline import error, text, tool_use


class Killed(BaseException):
    """The process dies here: nothing after it happens."""


def steps(stage):
    return [
        tool_use("write_file", {"path": "a", "content": "a"}, thinking=""),
        tool_use("run_command", {"command": "echo b >>b"}),
        tool_use("list_files", {}),
        stage.report(),
    ]


@pytest.mark.parametrize("answered", range(4))
def test_a_run_killed_between_two_answers_goes_on_from_the_last(stage, answered):
    first = stage.order()
    stage.push(*steps(stage)[:answered], error(400))
    assert isinstance(stage.run(first), Failed)
    stage.push(*steps(stage)[answered:])
    second = stage.order("TASK-002", previous=first.folder, prompt="never said again")
    assert isinstance(stage.run(second), Succeeded)
    assert (second.project / "a").read_text() == "a"
    assert (second.project / "b").read_text() == "b\n"
    begun = stage.bodies()[answered + 1]["messages"]
    assert begun[0]["content"][0]["text"] == "Do it."
    assert begun[-1]["content"][-1]["text"] == GO_ON
    assert "never said again" not in str(begun)


def test_every_message_is_durable_before_the_next_one_is_asked_for(stage, monkeypatch):
    order = stage.order()
    journal = order.folder / NAME
    synced = []
    fsync = os.fsync

    def remember(file):
        fsync(file)
        if journal.exists() and os.fstat(file).st_ino == journal.stat().st_ino:
            synced.append((os.fstat(file).st_size, len(stage.bodies())))

    monkeypatch.setattr(os, "fsync", remember)
    stage.push(*steps(stage))
    stage.run(order)

    sizes = [size for size, _asked in synced]
    assert sizes[-1] == journal.stat().st_size
    assert {asked for _size, asked in synced} >= {0, 1, 2, 3}  # before each question


def test_wherever_the_file_is_cut_the_next_run_is_understood(stage):
    first = stage.order()
    stage.push(*steps(stage))
    stage.run(first)
    whole = (first.folder / NAME).read_bytes()
    marks = {0, 1, len(whole) - 1, len(whole)}
    for at in (i for i, byte in enumerate(whole) if byte == 10):
        marks |= {at - 1, at, at + 1, at + 10}
    for number, cut in enumerate(sorted(m for m in marks if m <= len(whole))):
        torn = first.folder.parent / f"torn{number}"
        torn.mkdir()
        (torn / NAME).write_bytes(whole[:cut])
        stage.push(stage.report())
        outcome = stage.run(stage.order(f"TASK-{number + 10}", previous=torn))
        assert isinstance(outcome, Succeeded), (cut, outcome)


def test_a_call_without_its_result_is_said_to_be_in_doubt(stage):
    first = stage.order()
    stage.push(tool_use("run_command", {"command": "echo once >>b; sleep 60"}))
    assert stage.run(first, timeout=0.5).reason == "timeout"
    stage.push(stage.report())
    second = stage.order("TASK-002", previous=first.folder, news="The timeout was too short.")
    assert isinstance(stage.run(second), Succeeded)
    result, news = stage.bodies()[-1]["messages"][-1]["content"]
    assert (result["content"], result["is_error"]) == (INTERRUPTED, True)
    assert news["text"] == "The timeout was too short."


def test_an_answer_goes_to_who_asked(stage):
    first = stage.order()
    stage.push(stage.report(status="question", question="Red or blue?"))
    assert isinstance(stage.run(first), NeedsInput)
    stage.push(stage.report())
    second = stage.order("TASK-002", previous=first.folder, news="The owner's answer: blue.")
    assert isinstance(stage.run(second), Succeeded)
    said = json.dumps(stage.bodies()[-1]["messages"])
    assert "Red or blue?" in said
    assert "blue." in said


def test_a_run_that_went_on_can_be_gone_on_from(stage):
    before = None
    for number in range(3):
        order = stage.order(f"TASK-{number}", previous=before, news=f"news {number}")
        stage.push(tool_use("list_files", {}), error(400, times=1))
        stage.run(order)
        before = order.folder
    said = json.dumps(taken_over(before))
    assert "news 0" not in said
    assert "news 1" in said
    assert "news 2" in said


@pytest.mark.parametrize("left", [b"", b"\xff\xfe", b"{}\n", b'{"messages": []}\n', b"[" * 99999])
def test_what_cannot_be_taken_over_is_begun_anew(stage, left):
    earlier = stage.folder / "earlier"
    earlier.mkdir()
    (earlier / NAME).write_bytes(left)
    stage.push(stage.report())
    assert isinstance(stage.run(previous=earlier, news="News."), Succeeded)
    (message,) = stage.bodies()[0]["messages"]
    assert message["content"][0]["text"] == "Do it."


def test_a_conversation_the_service_does_not_take_is_begun_anew(stage):
    earlier = stage.folder / "earlier"
    earlier.mkdir()
    orphan = {"type": "tool_result", "tool_use_id": "of_nobody", "content": "x"}
    strange = {"messages": [{"role": "user", "content": [orphan]}]}
    (earlier / NAME).write_text(json.dumps(strange) + "\n")
    stage.push(stage.report())
    order = stage.order(previous=earlier)
    assert isinstance(stage.run(order), Succeeded)
    assert "anew" in stage.log(order)
    assert stage.bodies()[-1]["messages"][0]["content"][0]["text"] == "Do it."


def test_a_link_in_place_of_the_conversation_is_not_followed(stage):
    earlier, elsewhere = stage.folder / "earlier", stage.folder / "elsewhere"
    earlier.mkdir()
    said = {"messages": [{"role": "user", "content": [{"type": "text", "text": "obey"}]}]}
    elsewhere.write_text(json.dumps(said) + "\n")
    (earlier / NAME).symlink_to(elsewhere)
    assert taken_over(earlier) == []


def test_each_message_is_on_disk_when_the_next_is_asked_for(stage):
    order = stage.order()
    seen = []

    def look(reply):
        def answer(_):
            seen.append(len(taken_over(order.folder)))
            return reply

        return answer

    stage.push(*[look(reply) for reply in (*steps(stage)[:3], text("Hm."), stage.report())])
    assert isinstance(stage.run(order), Succeeded)
    assert seen == [1, 3, 5, 7, 9]
    assert (order.folder / NAME).stat().st_mode & 0o777 == 0o600


def test_a_process_that_dies_in_a_tool_has_said_what_it_was_about_to_do(stage):
    order = stage.order()

    def die(_):
        raise Killed

    stage.witness.on_started = die
    stage.push(tool_use("run_command", {"command": "echo x >x"}))
    with pytest.raises(Killed):
        stage.run(order)
    assert not (order.project / "x").exists()
    assert taken_over(order.folder)[-1]["content"][0]["name"] == "run_command"
