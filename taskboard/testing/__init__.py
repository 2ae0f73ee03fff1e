"""Conformance suites and fakes, shipped: what an implementation must pass."""
