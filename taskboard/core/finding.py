"""What the host found where it looked itself: a page, a commit, or in words why neither."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer with a status of 2xx. Nothing of its body is kept but ``sha256`` and ``bytes``,
    both of what was sent: nothing is inflated. ``url`` is where the redirects ended."""

    url: str
    status: int
    kind: str
    """Its ``Content-Type``, as the server says."""
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit that no ref led to before. ``id`` is whole; ``sha256`` is its text's digest."""

    id: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """It does not count; ``problem`` says why in a clause. ``passing``: what is in the way may be
    gone by itself (a network, a server), so that looking again makes sense."""

    problem: str
    passing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refs:
    """What a repository led to at one moment. ``repository`` tells it from every other, None when
    there was none. ``lines`` are the ids of what the refs stood for, then ``shallow ID`` for each
    commit whose parents are not here and ``borrows DIGEST`` when its objects lie elsewhere too.
    ``problem`` says why they could not be noted."""

    repository: str | None = None
    lines: tuple[str, ...] = ()
    problem: str = ""
