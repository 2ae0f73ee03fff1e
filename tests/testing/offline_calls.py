"""What a test asks the offline model: by the SDK, or as bare requests."""

from __future__ import annotations

import json
from http.client import HTTPConnection

HAIKU = "claude-haiku-5-5"
LONG = "word " * 600
PROMPT = "## T-1 Doors\n- inputs: a.md\n- artifacts: b.md\n\nWrite about doors."
ASSIGNMENT = """You work on one task.

## TASK-015 Competitor analysis
- owner: Hanna
- inputs: notes/a.md, `notes/b.md`
- artifacts:
  - reports/c.md

Compare them.
"""


def ask(client, said="hi", **how):
    how = {"model": HAIKU, "max_tokens": 500, **how}
    return client.messages.create(messages=[{"role": "user", "content": said}], **how)


def send(model, path, body, headers, method="POST"):
    connection = HTTPConnection(model.url.removeprefix("http://"), timeout=20)
    try:
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def events(said):
    """The data of the events of a stream."""
    return [json.loads(one[6:]) for one in said.splitlines() if one.startswith("data: ")]
