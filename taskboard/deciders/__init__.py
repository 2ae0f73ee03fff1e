"""Who chooses: one module per kind, found by name, each under `testing.decider`."""
