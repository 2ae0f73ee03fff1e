"""The models the server knows and what each of them refuses. Data: add a line for a new one."""

from __future__ import annotations

import msgspec


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model of the Messages API. ``context``, ``output`` and ``cache`` (the least that is
    cached) are tokens; the rest says what requests it takes."""

    id: str
    context: int = 1_000_000
    output: int = 128_000
    cache: int = 1024
    thinking_off: bool = False
    between_tools: bool = False
    budget: bool = False
    sampling: bool = False
    prefill: bool = False
    forced_tools: bool = False


_MODELS = (
    Model(id="claude-haiku-5-5", cache=512, thinking_off=True, forced_tools=True),
    Model(id="claude-sonnet-5-5", between_tools=True),
    Model(id="claude-opus-5-5"),
    Model(id="claude-fable-5-1"),
    Model(id="claude-fable-5-2"),
    Model(id="claude-opus-5", thinking_off=True, forced_tools=True),
    Model(id="claude-sonnet-5", thinking_off=True, forced_tools=True),
    Model(id="claude-opus-4-8", thinking_off=True, forced_tools=True),
    Model(id="claude-opus-4-7", thinking_off=True, forced_tools=True),
    Model(
        id="claude-haiku-4-5",
        context=200_000,
        output=64_000,
        cache=4096,
        thinking_off=True,
        budget=True,
        sampling=True,
        prefill=True,
        forced_tools=True,
    ),
    Model(
        id="claude-sonnet-4-5",
        context=200_000,
        output=64_000,
        thinking_off=True,
        budget=True,
        sampling=True,
        prefill=True,
        forced_tools=True,
    ),
)


def models() -> tuple[Model, ...]:
    """All that are known."""
    return _MODELS


def find_model(name: str) -> Model | None:
    """The model of this name, with or without a date behind it (``-20261007``)."""
    front, _, date = name.rpartition("-")
    plain = front if len(date) == 8 and date.isdigit() else name
    return next((model for model in _MODELS if model.id == plain), None)
