"""What an agent says at the end of its work, and what becomes of it."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.bill import NOTHING
from taskboard.core.outcome import Succeeded
from taskboard.core.report import MAX_PROOFS, REPORT_SCHEMA, Report, outcome_of, read_report

DONE = {
    "status": "done",
    "summary": "It is finished.",
    "artifacts": ["a.md"],
    "commits": ["abcdef1"],
    "urls": ["https://site.dev/"],
    "question": "",
}


def test_a_report_offers_what_the_host_is_to_look_at():
    jsonschema.validate(DONE, REPORT_SCHEMA)
    report = read_report(DONE)

    assert isinstance(report, Report)
    outcome = outcome_of(report, NOTHING, run="r", sha256="0" * 64, log="output.log")
    assert isinstance(outcome, Succeeded)
    assert outcome.artifacts == ("a.md",)
    assert outcome.commits == ("abcdef1",)
    assert outcome.urls == ("https://site.dev/",)
    assert [r.tier for r in outcome.receipts] == ["output"], "what it offers is no receipt yet"


def test_a_report_that_offers_nothing_is_one():
    report = read_report({"status": "done", "summary": "It is finished."})

    assert isinstance(report, Report)
    assert (report.artifacts, report.commits, report.urls) == ((), (), ())


@pytest.mark.parametrize("name", ["artifacts", "commits", "urls"])
@pytest.mark.parametrize("given", ["abcdef1", {"a": 1}, [1], ["a", None], 7])
def test_what_is_no_list_of_texts_is_sent_back(name, given):
    assert "lists of texts" in read_report({**DONE, name: given})


def test_more_proofs_than_anybody_looks_at_are_dropped_and_doubles_are_one():
    many = [f"{n:07x}" for n in range(50)]
    report = read_report({**DONE, "commits": many, "urls": ["u", " u ", "", "v"]})

    assert isinstance(report, Report)
    assert report.commits == tuple(many[:MAX_PROOFS])
    assert report.urls == ("u", "v")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(sorted(DONE)), inner, max_size=6)
        ),
        max_leaves=12,
    )
)
def test_whatever_comes_is_a_report_or_a_sentence(found):
    assert isinstance(read_report(found), Report | str)
