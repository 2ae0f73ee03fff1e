"""Confinement by ``sandbox-exec`` (Seatbelt), which every macOS has. Rules name paths, and the
last one that matches wins; so a control file is held whether it is there or not.

Written from its documents and from profiles that others use; not seen running.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from taskboard.confinement import Cage
from taskboard.confiners.places import Access, Layout, lay_out

PROGRAM = "/usr/bin/sandbox-exec"
_TEMPORARY = ("/private/tmp", "/private/var/tmp", "/private/var/folders")
_DEVICES = ("null", "zero", "random", "urandom", "tty", "dtracehelper", "stdout", "stderr", "fd")
_SERVICES = (
    "com.apple.SecurityServer",
    "com.apple.securityd.xpc",
    "com.apple.pasteboard.1",
    "com.apple.coreservices.launchservicesd",
    "com.apple.lsd.mapdb",
)
"""The keychain, the clipboard, and those that start programs outside of the cage."""
_RESOLVER = "/private/var/run/mDNSResponder"


@dataclass(frozen=True, slots=True)
class SandboxExec:
    """``program`` is the path of ``sandbox-exec``."""

    program: str = PROGRAM

    @property
    def name(self) -> str:
        return "sandbox-exec"

    @property
    def lacks(self) -> tuple[str, ...]:
        return (
            "a process namespace: other processes and their command lines can be seen",
            "a /tmp of its own",
            "servers of this machine, for a command that may go online",
            "system services other than the keychain, the clipboard and the launcher",
        )

    def wrap(self, argv: Sequence[str], cage: Cage) -> list[str]:
        return [self.program, "-p", profile(cage), *argv]


def sandbox_exec() -> SandboxExec | None:
    """sandbox-exec where this is macOS and has it, else None."""
    there = sys.platform == "darwin" and os.access(PROGRAM, os.X_OK)
    return SandboxExec() if there else None


def profile(cage: Cage) -> str:
    """The Seatbelt profile of a cage. Raises ``ValueError`` as ``lay_out`` does."""
    layout = lay_out(cage, ())
    return "\n".join(["(version 1)", "(allow default)", *_processes(), *_files(layout, cage)]) + (
        "\n" + "\n".join(_network(cage)) + "\n"
    )


def _processes() -> Iterator[str]:
    yield "(deny signal (target others))"
    yield "(deny process-info* (target others))"
    yield "(deny appleevent-send)"
    yield f"(deny mach-lookup {_names('global-name', _SERVICES)})"


def _files(layout: Layout, cage: Cage) -> Iterator[str]:
    yield "(deny file-write*)"
    yield f"(allow file-write* {_names('subpath', _TEMPORARY)})"
    yield f"(allow file-write* {_names('literal', [f'/dev/{name}' for name in _DEVICES])})"
    for path, access in layout.places.items():
        yield from _place(path, access)
    # These hold what is not there yet too, and the links themselves.
    for path in cage.control:
        yield from _place(path.parent.resolve() / path.name, Access.READ)
    for pin in (*layout.pins, *_above(layout, cage)):
        yield f"(deny file-write-unlink {_names('literal', [str(pin)])})"


def _above(layout: Layout, cage: Cage) -> Iterator[Path]:
    """The folders that a control path lies in, up to the project: none may be renamed away."""
    project = cage.project.resolve()
    found: dict[Path, None] = {project: None}
    for path in cage.control:
        for folder in (path.parent.resolve() / path.name).parents:
            if project in folder.parents and layout.access(folder) is Access.WRITE:
                found[folder] = None
    yield from found


def _place(path: Path, access: Access) -> Iterator[str]:
    where = _names("subpath", [str(path)])
    if access is Access.HIDDEN:
        yield f"(deny file-read* file-write* {where})"
        # Programs look at the folders above what they may use.
        yield f"(allow file-read-metadata {_names('literal', [str(path)])})"
    else:
        yield f"(allow file-read* {where})"
        yield f"({'allow' if access is Access.WRITE else 'deny'} file-write* {where})"


def _network(cage: Cage) -> Iterator[str]:
    if not cage.network:
        yield "(deny network*)"
        return
    yield "(deny network-outbound (remote unix-socket))"
    yield f"(allow network-outbound (literal {_quoted(_RESOLVER)}))"


def _names(kind: str, values: Sequence[str]) -> str:
    return " ".join(f"({kind} {_quoted(value)})" for value in values)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
