"""The ledger as one file of JSON lines: ``JsonlLedger``; ``fork`` goes on in another."""

from taskboard.ledgers.jsonl.fork import Forked, Place, fork
from taskboard.ledgers.jsonl.ledger import JsonlLedger

__all__ = ["Forked", "JsonlLedger", "Place", "fork"]
