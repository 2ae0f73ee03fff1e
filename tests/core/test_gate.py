"""The gate: everything declared holds, every receipt is valid, something proves it, no child
is open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.gate import (
    Demand,
    commit_receipt,
    gate,
    output_receipt,
    url_problem,
    url_receipt,
)
from taskboard.core.outcome import VERIFIED, Receipt, Tier


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


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:3000/x",
        "https://LOCALHOST",
        "https://example.com/a",
        "https://www.example.org",
        "https://127.0.0.1",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://192.168.1.4/x",
        "https://8.8.8.8/x",
        "https://a.dev/smoke/1",
        "https://a.dev/x/remediate/",
        "https://intranet/x",
        "https://printer.local/",
    ],
)
def test_placeholder_urls_are_refused_as_such(url):
    assert "placeholder" in (url_problem(url) or "")
    assert not url_receipt(url, "r").ok


@pytest.mark.parametrize(
    "url",
    ["", "not a url", "ftp://github.com/x", "http://github.com/x", "https://a:b@github.com/"],
)
def test_what_is_no_public_https_url_is_refused(url):
    assert url_problem(url) is not None


def test_a_url_or_commit_of_the_right_shape_is_what_this_version_cannot_check_yet():
    assert url_problem("https://github.com/a/b/pull/1") is None
    assert "cannot fetch" in url_receipt("https://github.com/a/b/pull/1", "r").problem
    assert "cannot check" in commit_receipt("abcdef1", "r").problem
    assert "not a commit" in commit_receipt("HEAD", "r").problem


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
