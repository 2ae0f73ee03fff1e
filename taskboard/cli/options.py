"""Arguments and options that several commands share. Named in annotations only."""

from __future__ import annotations

from typing import Annotated

import typer

TaskId = Annotated[str, typer.Argument(metavar="ID", help="A task, like TASK-015.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="TASK-015@3, or the run's uuid.")]
Offline = Annotated[
    bool,
    typer.Option(
        "--offline-model", help="Try it without a key: a model on loopback that answers by rule."
    ),
]
EnvFile = Annotated[
    str | None,
    typer.Option(
        "--env-file", metavar="PATH", help="Keys: NAME=value lines in a file only you may read."
    ),
]
LogFile = Annotated[
    str | None,
    typer.Option("--log", metavar="PATH", help="Tell of it in this file, 1 MiB at most."),
]
Label = Annotated[
    str | None,
    typer.Option("--label", metavar="L", help="A service by its label, if its board is gone."),
]
