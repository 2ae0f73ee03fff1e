"""The ledger as files of JSON lines: ``JsonlLedger``. The modules ``fork`` and ``salvage`` make
another that goes on."""

from taskboard.ledgers.jsonl.anew import Place
from taskboard.ledgers.jsonl.ledger import JsonlLedger

__all__ = ["JsonlLedger", "Place"]
