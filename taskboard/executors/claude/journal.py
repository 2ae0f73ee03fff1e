"""The conversation of a run on disk, a line for each message, so that a later run can go on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from taskboard.core.conversation import Message, read_record

NAME = "conversation.jsonl"

_LARGEST = 64 << 20
"""Bytes of a file that is taken over; a longer one is nothing of ours."""


class Journal:
    """Appends to ``conversation.jsonl`` in a run's folder; what is written is on disk when a
    method returns. A full disk stops it, never the run: ``problem`` says so. Raises ``OSError``
    when the file cannot be made."""

    def __init__(self, folder: Path) -> None:
        self.problem = ""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.open(folder / NAME, flags, 0o600)

    def begin(self, messages: list[Message]) -> None:
        """From here on it is this: at the start, and whenever old messages are given up."""
        self._write({"messages": messages})

    def add(self, message: Message) -> None:
        """One more message."""
        self._write({"message": message})

    def close(self) -> None:
        """Nothing more comes."""
        os.close(self._file)

    def _write(self, record: dict[str, Any]) -> None:
        if self.problem:
            return
        try:
            self._append(record)
        except OSError as error:
            self.problem = f"{NAME}: {error.strerror}; a later run cannot go on from here"

    def _append(self, record: dict[str, Any]) -> None:
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"
        data = line.encode("utf-8", "replace")
        while data:
            data = data[os.write(self._file, data) :]
        os.fsync(self._file)


def taken_over(folder: Path | None) -> list[Message]:
    """The messages that an earlier run has left, as far as they are whole: a line that is torn
    or strange ends them. Empty when there is nothing of use."""
    if folder is None:
        return []
    try:
        file = os.open(folder / NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(file, "rb") as source:  # noqa: PTH123 - an open file
            data = source.read(_LARGEST + 1)
    except OSError:
        return []
    if len(data) > _LARGEST:
        return []
    messages: list[Message] = []
    for line in data.split(b"\n")[:-1]:
        try:
            found = read_record(json.loads(line), messages)
        except (ValueError, RecursionError):
            break
        if found is None:
            break
        messages = found
    return messages
