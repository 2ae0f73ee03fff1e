"""What a claim or a completion names is there, whatever a ``gc`` removes at that very moment."""

from __future__ import annotations

import pytest

from taskboard.errors import Refused
from taskboard.loop.space import free
from tests.loop.test_outside_evidence import Commits, board, claim, complete, equip, receipts

MONTH = 31 * 86400.0
OUTPUT = "words that somebody has said before, and that came to nothing then"


def removed_before(desk, monkeypatch, data):
    """The bytes were stored long ago and nobody names them; a ``gc`` runs after they are kept
    and before the event that names them is recorded."""
    digest = desk.play(desk.ctx.ledger.keep(data))
    desk.clock.advance(MONTH)
    desk.open()
    removed = []
    ledger = type(desk.ctx.ledger)
    real = ledger.append

    async def append(self, drafts, **how):
        if not removed and any(digest in str(draft.data) for draft in drafts):
            removed.append(digest)
            assert digest in (await free(desk.ctx, actor="ann")).objects
        return await real(self, drafts, **how)

    monkeypatch.setattr(ledger, "append", append)
    return digest, removed


def test_the_refs_of_a_claim(desk, monkeypatch):
    lines = tuple(f"{n:040x}" for n in range(50))
    board(desk)
    desk.turn()
    digest, removed = removed_before(desk, monkeypatch, "\n".join(lines).encode())
    equip(desk, commits=Commits(*lines))
    claim(desk)

    assert removed
    assert desk.task("TASK-001").refs["kept"] == digest
    assert desk.play(desk.ctx.ledger.fetch(digest)) == "\n".join(lines).encode()


def test_the_output_of_a_completion(desk, monkeypatch):
    digest, removed = removed_before(desk, monkeypatch, OUTPUT.encode())
    board(desk)
    complete(desk, claim(desk), output=OUTPUT)

    assert removed
    assert receipts(desk)[0]["sha256"] == digest
    assert desk.play(desk.ctx.ledger.fetch(digest)) == OUTPUT.encode()


def test_the_output_of_a_completion_that_is_refused(desk, monkeypatch):
    digest, removed = removed_before(desk, monkeypatch, OUTPUT.encode())
    board(desk, "artifacts: missing.txt")
    with pytest.raises(Refused):
        complete(desk, claim(desk), output=OUTPUT)

    assert removed
    assert desk.play(desk.ctx.ledger.fetch(digest)) == OUTPUT.encode()
