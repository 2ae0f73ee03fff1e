"""Lines for people on stderr: what the daemon does, as it does it."""

from __future__ import annotations

import logging

log = logging.getLogger("taskboard")
