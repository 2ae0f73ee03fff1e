"""The command line: one module per group of commands. It prints and never decides."""
