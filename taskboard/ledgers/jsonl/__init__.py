"""The ledger as files of JSON lines: ``JsonlLedger``. The modules ``fork`` and ``salvage`` go on in
another."""

from taskboard.ledgers.jsonl.anew import Place
from taskboard.ledgers.jsonl.ledger import JsonlLedger

__all__ = ["JsonlLedger", "Place"]
