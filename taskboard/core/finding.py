"""What the host found where it looked itself: a page, a commit, or in words why neither."""

from __future__ import annotations

import msgspec


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with a status of 2xx. Nothing of its body is kept but ``sha256`` and ``bytes``,
    both of what was sent: nothing is inflated. ``url`` is where the redirects ended."""

    url: str
    status: int
    kind: str
    """Its ``Content-Type``, as the server says."""
    bytes: int
    sha256: str


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit that no ref led to before. ``id`` is whole; ``sha256`` is its text's digest."""

    id: str
    sha256: str


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """It does not count; ``problem`` says why in a clause. ``passing``: what is in the way may be
    gone by itself (a network, a server), so that looking again makes sense."""

    problem: str
    passing: bool = False


class Refs(msgspec.Struct, frozen=True, kw_only=True):
    """What a repository led to at one moment. ``repository`` tells it from every other, None when
    there was none. ``lines`` are the ids of what the refs stood for, then ``shallow ID`` for each
    commit whose parents are not here and ``borrows DIGEST`` when its objects lie elsewhere too.
    ``problem`` says why they could not be noted."""

    repository: str | None = None
    lines: tuple[str, ...] = ()
    problem: str = ""
