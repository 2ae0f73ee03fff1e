"""The gate: everything declared holds, every receipt is valid, something proves it, no child
is open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.finding import Commit, Nothing, Page
from taskboard.core.gate import (
    Demand,
    commit_problem,
    commit_receipt,
    gate,
    is_passing,
    url_receipt,
)
from taskboard.core.outcome import VERIFIED, Receipt, Tier, output_receipt


def good(tier: Tier, **detail) -> Receipt:
    return Receipt(tier=tier, ok=True, run="r", sha256="0" * 64, detail=detail)


def bad(tier: Tier, **detail) -> Receipt:
    return Receipt(tier=tier, ok=False, run="r", problem="it is bad", detail=detail)


CHECK, EXIT, HUMAN = good(Tier.CHECK), good(Tier.EXIT), good(Tier.HUMAN)
REPORT = good(Tier.ARTIFACT, path="report.md")


@pytest.mark.parametrize("tier", list(Tier))
def test_any_one_receipt_completes_a_task_that_declares_nothing(tier):
    verdict = gate(Demand(), [good(tier)], ())

    assert verdict.ok
    assert verdict.tier is tier
    assert verdict.evidence_type == tier.value
    assert verdict.verified == (tier in VERIFIED)


def test_nothing_offered_and_nothing_declared_is_refused_as_such():
    verdict = gate(Demand(), [], ())

    assert (verdict.ok, verdict.code, verdict.declared) == (False, "evidence_blocked", False)


@pytest.mark.parametrize(
    ("demand", "receipts"),
    [
        (Demand(verify=True), [EXIT]),
        (Demand(verify=True), [EXIT, bad(Tier.CHECK)]),
        (Demand(artifacts=("report.md",)), [EXIT, HUMAN]),
        (Demand(artifacts=("report.md", "b.md")), [REPORT]),
        (Demand(artifacts=("report.md",)), [bad(Tier.ARTIFACT, path="report.md")]),
        (Demand(tiers=frozenset({Tier.URL})), [CHECK]),
    ],
)
def test_everything_declared_must_hold(demand, receipts):
    verdict = gate(demand, receipts, ())

    assert (verdict.ok, verdict.code, verdict.declared) == (False, "evidence_blocked", True)


def test_one_bad_receipt_refuses_and_names_itself():
    verdict = gate(Demand(), [CHECK, bad(Tier.URL)], ())

    assert not verdict.ok
    assert "url: it is bad" in verdict.reason


def test_open_children_come_last_and_are_named():
    assert gate(Demand(), [], ("TASK-2",)).code == "evidence_blocked"
    verdict = gate(Demand(), [EXIT], ("TASK-2", "TASK-3"))

    assert verdict.code == "dependency_blocked"
    assert verdict.open_children == ("TASK-2", "TASK-3")
    assert "2 open" in verdict.reason


def test_several_tiers_are_multiple_and_the_strongest_counts():
    verdict = gate(Demand(verify=True), [EXIT, REPORT, CHECK], ())

    assert (verdict.evidence_type, verdict.evidence_count) == ("multiple", 3)
    assert verdict.tier is Tier.CHECK


@given(st.lists(st.sampled_from(list(Tier)), max_size=5), st.booleans())
def test_more_evidence_never_refuses_what_less_completed(tiers, verify):
    demand = Demand(verify=verify)
    receipts = [good(t) for t in tiers]
    if gate(demand, receipts, ()).ok:
        assert gate(demand, [*receipts, good(Tier.OUTPUT)], ()).ok


@given(st.text(max_size=120))
def test_an_output_counts_by_what_is_left_of_it(text):
    left = "".join(c for c in " ".join(text.split()) if c >= " " and not "\x7f" <= c <= "\x9f")
    receipt = output_receipt(text, "r", "0" * 64)

    assert receipt.ok == (len(left.strip()) > 50)


PAGE = Page(url="https://a.dev/x", status=200, kind="text/html", bytes=3, sha256="1" * 64)
COMMIT = Commit(id="abcdef1" + "0" * 33, sha256="2" * 64)
REFUSED = Nothing(problem="it is not there")
AWAY = Nothing(problem="nobody answers", passing=True)


def test_the_receipt_of_a_page_keeps_its_digest_and_where_it_was_in_the_end():
    plain = url_receipt("https://a.dev/x", "r", PAGE)
    moved = url_receipt("https://b.dev/", "r", PAGE)

    assert (plain.ok, plain.verified, plain.sha256) == (True, True, "1" * 64)
    kept = {"url": "https://a.dev/x", "status": 200, "bytes": 3, "type": "text/html"}
    assert plain.detail == kept
    assert moved.detail == {**kept, "url": "https://b.dev/", "final": "https://a.dev/x"}


def test_the_receipt_of_a_commit_carries_its_whole_name():
    receipt = commit_receipt("abcdef1", "r", COMMIT)

    assert (receipt.ok, receipt.verified, receipt.sha256) == (True, True, "2" * 64)
    assert receipt.detail == {"commit": COMMIT.id}


@pytest.mark.parametrize("found", [REFUSED, AWAY])
def test_what_was_not_found_is_no_proof_and_says_why(found):
    for receipt in (url_receipt("u" * 9999, "r", found), commit_receipt("c" * 99, "r", found)):
        assert (receipt.ok, receipt.verified, receipt.problem) == (False, False, found.problem)
        assert is_passing(receipt) is found.passing
        assert Receipt.from_data(receipt.as_data()) == receipt
        assert all(len(str(value)) <= 2000 for value in receipt.detail.values())


@pytest.mark.parametrize(
    "commit", ["HEAD", "abcdef", "", "abcdefg", "a" * 65, "abcdef1\n", "-abcdef1"]
)
def test_a_commit_is_named_by_hex_digits(commit):
    assert "not a commit hash" in (commit_problem(commit) or "")


def test_seven_digits_name_a_commit():
    assert commit_problem("abcDEF1") is None


def test_a_refusal_that_passes_by_itself_is_told_from_one_that_does_not():
    demand = Demand(tiers=frozenset({Tier.URL}))
    away, wrong = url_receipt("u", "r", AWAY), url_receipt("u", "r", REFUSED)

    assert gate(demand, [away], ()).passing
    assert gate(demand, [away, EXIT], ("TASK-2",)).passing
    assert not gate(demand, [wrong], ()).passing
    assert not gate(demand, [away, wrong], ()).passing
    assert not gate(Demand(verify=True), [away], ()).passing
    assert not gate(Demand(), [], ()).passing
    assert not gate(Demand(), [good(Tier.URL)], ()).passing


@given(
    st.builds(
        Receipt,
        tier=st.sampled_from(list(Tier)),
        ok=st.booleans(),
        run=st.none() | st.text(max_size=4),
        sha256=st.none() | st.text(max_size=4),
        problem=st.text(max_size=4),
        detail=st.dictionaries(
            st.text(max_size=4).filter(lambda k: k != "problem"), st.integers(), max_size=3
        ),
    )
)
def test_a_receipt_survives_its_event(receipt):
    assert Receipt.from_data(receipt.as_data()) == receipt
