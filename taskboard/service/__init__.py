"""A board that is worked on without a terminal: by launchd on macOS, by systemd on Linux.

``plan`` says what is run, the same everywhere; ``launchd`` and ``systemd`` say it in the words of
one system and talk to its program (``contract`` is what both promise); ``find`` takes the one that
is here. ``env_file``, ``bounded_log`` and ``notify`` are what the running program itself needs.
"""
