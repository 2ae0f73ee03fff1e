"""Where facts are kept: one module or package per kind, each under `testing.ledger`."""
