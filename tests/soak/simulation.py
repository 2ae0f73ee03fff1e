"""Many long simulated worlds: ``python3 dev.py soak simulation [SEEDS]`` (default 1,000).

Each seed is a world of 300 steps with people, agents, crashes and clocks that jump. A seed that
fails prints itself and its trace, and plays again the same way.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run the simulation's tests with more seeds; the exit status of pytest."""
    seeds = sys.argv[1] if len(sys.argv) > 1 else "1000"
    tests = Path(__file__).resolve().parents[1] / "simulation" / "test_simulation.py"
    command = [sys.executable, "-m", "pytest", "-n", "auto", "--timeout", "3600", str(tests)]
    return subprocess.run(
        command, check=False, env={**os.environ, "TASKBOARD_SEEDS": seeds}
    ).returncode


if __name__ == "__main__":
    raise SystemExit(main())
