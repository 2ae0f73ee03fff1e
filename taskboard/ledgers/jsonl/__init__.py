"""The ledger as one file of JSON lines: ``JsonlLedger``."""

from taskboard.ledgers.jsonl.ledger import JsonlLedger

__all__ = ["JsonlLedger"]
