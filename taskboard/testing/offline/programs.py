"""What agent programs are given besides ``OfflineModel.environ`` to talk to the server."""

from __future__ import annotations

from typing import Any

CODEX_MODEL = "gpt-6.1-sol"
GEMINI_MODEL = "gemini-2.5-flash"


def codex_config(url: str, *, model: str = CODEX_MODEL) -> str:
    """``$CODEX_HOME/config.toml`` with the server as a provider of its own: plain HTTP, no
    WebSocket, no retries. Its key is in ``CODEX_API_KEY``."""
    return f"""\
model = "{model}"
model_provider = "offline"
check_for_update_on_startup = false

[analytics]
enabled = false

[model_providers.offline]
name = "offline"
base_url = "{url}/v1"
env_key = "CODEX_API_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
stream_idle_timeout_ms = 10000
"""


def gemini_settings() -> dict[str, Any]:
    """``$HOME/.gemini/settings.json``: a key instead of a login, no updates, no statistics."""
    return {
        "general": {"enableAutoUpdate": False, "maxAttempts": 1},
        "privacy": {"usageStatisticsEnabled": False},
        "security": {"auth": {"selectedType": "gemini-api-key"}},
    }
