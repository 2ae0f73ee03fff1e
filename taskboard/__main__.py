"""``python -m taskboard``."""

from __future__ import annotations

import sys

from taskboard.cli import main

sys.exit(main())
