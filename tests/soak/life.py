"""Many whole lives of a board: ``python3 dev.py soak life [--seeds N]`` (default 1,000).

Each seed is a board that three edit at once while its tasks run. A seed that goes wrong prints
itself, what everybody did and meant, and the ledger; it plays again the same way.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run the lives' tests with more seeds; the exit status of pytest."""
    parser = argparse.ArgumentParser(description="Many whole lives of a board.")
    parser.add_argument("--seeds", type=int, default=1000, metavar="N", help="lives to play")
    tests = Path(__file__).resolve().parents[1] / "life" / "test_life.py"
    command = [sys.executable, "-m", "pytest", "-n", "auto", "--timeout", "3600", str(tests)]
    lives = str(parser.parse_args().seeds)
    return subprocess.run(
        command, check=False, env={**os.environ, "TASKBOARD_LIVES": lives}
    ).returncode


if __name__ == "__main__":
    raise SystemExit(main())
