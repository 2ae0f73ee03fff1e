"""The settings of a workspace as one value. ``taskboard.config`` reads them from their places."""

from __future__ import annotations

from typing import Any

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting with its default. Durations are seconds; see ``docs/settings.md``."""

    slots: int = 2
    debounce: float = 2.0
    debounce_max: float = 10.0
    poll: float = 3.0
    settle: float = 10.0
    lease_ttl: float = 60.0
    claim_ttl: float = 900.0
    stall: float = 600.0
    timeout: float = 3600.0
    verify_timeout: float = 300.0
    max_attempts: int = 3
    backoff: float = 10.0
    backoff_max: float = 300.0
    on_stop: str = "release"
    keep_awake: bool = False
    owner: str = ""
    decider: str = "auto"
    executor: str = ""
    promote: str = "auto"
    ledger: str = "events.jsonl"
    roots: tuple[str, ...] = ()
    trust_git: bool = False
    env: tuple[str, ...] = ()
    notify: str = ""
    budget_usd_day: float | None = None
    retain: float = 30 * 86400.0
    executors: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    deciders: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    prices: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    origins: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
