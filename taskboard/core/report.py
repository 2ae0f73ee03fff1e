"""What an agent says at the end of its work: by a tool call or a structured answer, never in
prose. The host believes none of it without looking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from taskboard.core.bill import Bill
from taskboard.core.outcome import Failed, NeedsInput, Outcome, Succeeded, output_receipt

MAX_SUMMARY = 4000
"""Characters of a summary or question that are kept."""

MAX_PATHS = 100
MAX_PROOFS = 5
"""Commits, and URLs, of one report that are looked at."""

REPORT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status": {
            "type": "string",
            "enum": ["done", "question", "failed"],
            "description": "done: what was asked is finished. question: only the owner can say"
            " how to go on. failed: it cannot be done.",
        },
        "summary": {
            "type": "string",
            "description": "What was done and how it was checked, or why it failed.",
        },
        "artifacts": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Files made or changed, relative to the project folder.",
        },
        "commits": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Hashes of commits you made for this task, at least 7 digits. The host"
            " looks for each; one that it does not find new refuses the work. Mostly empty.",
        },
        "urls": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Public https addresses that the task asked for as proof. The host"
            " fetches each; one that it cannot fetch refuses the work. Mostly empty.",
        },
        "question": {
            "type": "string",
            "description": "For question: what the owner has to decide, in one or two sentences."
            " Otherwise empty.",
        },
    },
    "required": ["status", "summary", "artifacts", "commits", "urls", "question"],
    "additionalProperties": False,
}
"""Strict JSON Schema: every property required, as providers ask it of structured answers."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A valid report."""

    status: str
    summary: str
    artifacts: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    question: str = ""


def read_report(found: Any) -> Report | str:
    """A report out of decoded JSON, or in a sentence what is wrong with it."""
    if not isinstance(found, dict):
        return "The report must be an object."
    status, summary = found.get("status"), found.get("summary", "")
    question = found.get("question") or ""
    lists = [found.get(name) or [] for name in ("artifacts", "commits", "urls")]
    if status not in ("done", "question", "failed"):
        return "status must be done, question or failed."
    if not isinstance(summary, str) or not isinstance(question, str):
        return "summary and question must be texts."
    if not all(map(_is_words, lists)):
        return "artifacts, commits and urls must be lists of texts."
    paths, commits, urls = lists
    if status == "question" and not question.strip():
        return "A question must say what the owner has to decide."
    return Report(
        status=status,
        summary=summary[:MAX_SUMMARY],
        artifacts=_words(paths, MAX_PATHS),
        commits=_words(commits, MAX_PROOFS),
        urls=_words(urls, MAX_PROOFS),
        question=question.strip()[:MAX_SUMMARY],
    )


def _is_words(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(word, str) for word in found)


def _words(found: Sequence[str], most: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in found if word.strip()))[:most]


def outcome_of(report: Report, bill: Bill, *, run: str, sha256: str, log: str) -> Outcome:
    """What the report means. The summary is a receipt of tier ``output``: the agent's word, which
    counts as anybody's does."""
    if report.status == "question":
        return NeedsInput(question=report.question, bill=bill)
    if report.status == "failed":
        error = report.summary.strip() or "the agent gave no reason"
        return Failed(reason="agent", error=error, bill=bill)
    said = output_receipt(report.summary, run, sha256)
    said = replace(said, detail={**said.detail, "text": report.summary[:500], "log": log})
    return Succeeded(
        exit_code=None,
        output=report.summary,
        receipts=(said,),
        artifacts=report.artifacts,
        commits=report.commits,
        urls=report.urls,
        bill=bill,
    )
