"""``--offline-model``: the whole product without a key and without a network, on a model of our
own that answers by rule."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from taskboard.core.prices import FREE

_INSTEAD = {"TASKBOARD_DECIDER": "claude", "TASKBOARD_EXECUTOR": "claude"}
"""What is used unless the user has set something else by variable."""


@contextmanager
def offline_model(wanted: bool) -> Iterator[None]:
    """While entered, everything of this process that talks to a model talks to ours on loopback.
    Nothing when it is not wanted."""
    if not wanted:
        yield
        return
    from taskboard.testing.offline import OfflineModel

    before = dict(os.environ)
    with OfflineModel() as model:
        # What is used here costs nothing, so no budget is spent on it.
        chosen = {k: before.get(k, v) for k, v in _INSTEAD.items()}
        os.environ.update({**model.environ, FREE: "1", **chosen})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
