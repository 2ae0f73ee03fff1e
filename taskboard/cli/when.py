"""Times for people: short and by this machine's clock on a terminal, whole and UTC when piped."""

from __future__ import annotations

from datetime import UTC, datetime


class When:
    """Spells the ledger's times. ``here`` is for somebody who looks at a terminal."""

    def __init__(self, *, here: bool) -> None:
        self.here = here

    def moment(self, ts: str) -> str:
        """A line's time: ``03:12:44``, or ``2026-11-20 03:12:44`` in UTC."""
        found = self._read(ts)
        if found is None:
            return ts[:19].replace("T", " ")
        return f"{found:%H:%M:%S}" if self.here else f"{found:%Y-%m-%d %H:%M:%S}"

    def day(self, ts: str) -> str:
        """The day of a line: ``Saturday 21 November 2026``."""
        found = self._read(ts)
        return f"{found:%A} {found.day} {found:%B %Y}" if found is not None else ts[:10]

    def brief(self, ts: str, now: datetime) -> str:
        """A moment in a sentence: ``18:04``, ``Fri 18:04``, ``3 Apr 18:04`` or, in UTC,
        ``2026-11-20T18:04Z``."""
        found = self._read(ts)
        if found is None:
            return ts
        if not self.here:
            return f"{found:%Y-%m-%dT%H:%M}Z"
        days = (now.astimezone().date() - found.date()).days
        if days == 0:
            return f"{found:%H:%M}"
        if 0 < days < 7:
            return f"{found:%a %H:%M}"
        return (
            f"{found.day} {found:%b %Y %H:%M}" if days > 300 else f"{found.day} {found:%b %H:%M}"
        )

    def _read(self, ts: str) -> datetime | None:
        try:
            found = datetime.fromisoformat(ts)
        except ValueError:
            return None
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        return found.astimezone() if self.here else found.astimezone(UTC)
