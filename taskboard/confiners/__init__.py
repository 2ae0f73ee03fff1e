"""What work may touch: one module per way to confine, each under `testing.confiner`."""
