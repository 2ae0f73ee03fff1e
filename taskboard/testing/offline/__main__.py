"""``python -m taskboard.testing.offline [COMMAND...]``: the offline model for a command, whose
exit code it gives back. Without one it prints the variables with which programs talk to it, as a
shell takes them, and serves until it is interrupted."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Sequence

from taskboard.testing.offline.server import OfflineModel


def main(command: Sequence[str]) -> int:
    """Serve a command, or until Ctrl-C."""
    with OfflineModel() as model, contextlib.suppress(KeyboardInterrupt):
        if command:
            return subprocess.call(command, env={**os.environ, **model.environ})  # noqa: S603
        for name, value in model.environ.items():
            print(f"export {name}={shlex.quote(value)}")
        sys.stdout.flush()
        print(f"The offline model listens on {model.url} until Ctrl-C.", file=sys.stderr)
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
