import pytest
from offline_calls import ASSIGNMENT

from taskboard.testing.offline.assignment import read_assignment
from taskboard.testing.offline.outputs import bare, failed, first_line


def test_a_task_is_read_out_of_a_prompt():
    found = read_assignment([ASSIGNMENT, "<system-reminder>- artifacts: no.md</system-reminder>"])
    assert (found.title, found.question) == ("Competitor analysis", "")
    assert found.inputs == ("notes/a.md", "notes/b.md")
    assert found.artifacts == ("reports/c.md",)


def test_other_tasks_of_the_board_are_not_its_business():
    found = read_assignment([ASSIGNMENT + "\n## TASK-016 Other\n- artifacts: other.md\n"])
    assert found.artifacts == ("reports/c.md",)


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ("# Fix the door\n\nIt squeaks.", "Fix the door"),
        ("Title: Fix the door\n\nIt squeaks.", "Fix the door"),
        ("Fix the door.\n- inputs: https://example.com, none", "Fix the door."),
        ("### TASK-1: Fix the door ###", "Fix the door"),
        ("## TASK-1", "TASK-1"),
        ("", "the task"),
    ],
)
def test_a_title_is_found_wherever_it_stands(told, title):
    found = read_assignment([told])
    assert (found.title, found.inputs, found.artifacts) == (title, (), ())


@pytest.mark.parametrize(
    "answered", ["- answer: red", "Answer: red", "The owner's answer: red", "> Answered by H: x"]
)
def test_a_question_stands_until_it_is_answered(answered):
    question = "## T-1 Paint\n\nQuestion for the owner: which colour?\n"
    assert read_assignment([question]).question == "which colour?"
    assert read_assignment([question, "- answer:"]).question == "which colour?"
    assert read_assignment([question, answered]).question == ""


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("# Notes\nmore", "# Notes"),
        ("     1\t# Notes\n     2\tmore", "# Notes"),
        ("1→# Notes", "# Notes"),
        ("\n\n# Notes", "# Notes"),
        ("Chunk ID: a\nWall time: 1\nOutput:\n# Notes\n", "# Notes"),
        ('Done\nOutput:\n\n{"exit_code":0,"output":"# Notes\\n"}', "# Notes"),
        ('{"output": "# Notes"}', "# Notes"),
        ('{"notes": 1}', '{"notes": 1}'),
        ("", ""),
    ],
)
def test_the_first_line_of_a_file_is_found_in_a_tools_output(output, line):
    assert first_line(output) == line
    assert failed(output) is False


@pytest.mark.parametrize(
    "output",
    [
        "Process exited with code 1\nOutput:\nno",
        'Script completed\nOutput:\n\n{"exit_code":2,"output":""}',
        "Script failed\nOutput:\n\nno",
        "Error: File not found",
        '{"error": "no"}',
    ],
)
def test_a_failure_is_told_from_its_text(output):
    assert failed(output) is True
    assert isinstance(bare(output), str)
