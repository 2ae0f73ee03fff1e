"""Who does the work: one module per kind, found by name, each under `testing.executor`."""
