"""The offline model, and the SDK that speaks to it."""

from __future__ import annotations

import sys
from pathlib import Path

import anthropic
import pytest

from taskboard.testing.offline import KEY, OfflineModel

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def model():
    with OfflineModel() as found:
        yield found


@pytest.fixture
def client(model):
    with anthropic.Anthropic(base_url=model.url, api_key=KEY, timeout=20) as found:
        yield found
