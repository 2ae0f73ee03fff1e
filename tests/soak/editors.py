"""Real editors against the real loop at full speed: ``python3 dev.py soak editors [SAVES]``.

``SAVES`` (default 2,000) confirmed saves in each style; prints a table, and exits 1 when a save
was lost or doubled. Names of styles after the number choose some of them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "acceptance" / "editors"))

from saving import HEAD, STYLES, run_style


def main() -> int:
    """All styles, one after the other."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    bad = False
    print(HEAD, flush=True)
    for style in sys.argv[2:] or STYLES:
        if shutil.which(style.partition("-")[0]) is None and style.startswith(("vim", "nano")):
            print(f"| {style} | not installed here |", flush=True)
            continue
        with tempfile.TemporaryDirectory() as folder:
            account = run_style(style, Path(folder), count)
        print(account.row(), flush=True)
        bad |= bool(account.lost or account.doubled) or len(account.saved) < count
    return int(bad)


if __name__ == "__main__":
    raise SystemExit(main())
