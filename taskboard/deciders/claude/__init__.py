"""The decider ``claude``: a model of the Anthropic API proposes."""

from taskboard.deciders.claude.call import OPTIONS
from taskboard.deciders.claude.decider import Decider, make

__all__ = ["OPTIONS", "Decider", "make"]
