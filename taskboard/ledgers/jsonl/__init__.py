"""The ledger as files of JSON lines: ``JsonlLedger``; ``fork``, ``salvage`` go on in another."""

from taskboard.ledgers.jsonl.anew import Place
from taskboard.ledgers.jsonl.fork import Forked, fork
from taskboard.ledgers.jsonl.ledger import JsonlLedger
from taskboard.ledgers.jsonl.salvage import Gap, Salvaged, salvage

__all__ = ["Forked", "Gap", "JsonlLedger", "Place", "Salvaged", "fork", "salvage"]
