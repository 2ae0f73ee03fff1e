"""``python -m taskboard.testing.offline``: the offline model until it is interrupted. Prints the
variables with which programs talk to it, as a shell takes them."""

from __future__ import annotations

import contextlib
import shlex
import sys
import threading

from taskboard.testing.offline.server import OfflineModel


def main() -> int:
    """Serve until Ctrl-C."""
    with OfflineModel() as model, contextlib.suppress(KeyboardInterrupt):
        for name, value in model.environ.items():
            print(f"export {name}={shlex.quote(value)}")
        sys.stdout.flush()
        print(f"The offline model listens on {model.url} until Ctrl-C.", file=sys.stderr)
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
