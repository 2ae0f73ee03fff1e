"""``stats``: throughput, errors, latencies, interventions and cost, over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.chart import bar, spark
from taskboard.cli.since import moment
from taskboard.cli.text import NARROW, Screen, padded, width_of
from taskboard.cli.when import When
from taskboard.core.figures import Figures
from taskboard.core.setting_kinds import spell_duration
from taskboard.core.units import brief

if TYPE_CHECKING:
    import typer

_COARSE = 10
"""Minutes from which seconds are no longer told."""
_DAY = 86400
_BAR = 30
"""Columns of the longest bar."""
_LATENCIES = (
    ("trigger", "save noticed", "from a save to its event, under a daemon"),
    ("queue", "in the queue", "from ready to claimed"),
    ("run", "run", "from claimed to ended"),
)


def stats(
    ctx: typer.Context,
    since: Annotated[
        str | None,
        typer.Option(metavar="T", help="From then on: `30d`, `yesterday`, a date. Else all."),
    ] = None,
) -> None:
    """Figures of this board, from its ledger: what was done, how often it went wrong, how long
    it took, what it cost, and how often a person had to help. Over time, as a chart."""
    call = Call.of(ctx)

    async def work(app: App) -> tuple[dict[str, Any], datetime]:
        now = app.ctx.clock.now()
        start = moment(since, now, "stats") if since is not None else None
        figures = Figures(start, now)
        async for event, _line in app.ctx.history.read():
            figures.take(event)
        return figures.shape(), now

    found, now = call.read(work)
    call.answer("stats", found, lambda screen: _lines(screen, found, now))


def _lines(screen: Screen, found: dict[str, Any], now: datetime) -> Iterator[str]:
    when = When(here=screen.tty)
    span = datetime.fromisoformat(found["until"]) - datetime.fromisoformat(found["since"])
    since = when.brief(found["since"], now)
    yield f"{screen.paint('Figures', 'bold')} since {since} ({brief(span.total_seconds())})"
    yield ""
    yield from screen.table(list(_sums(found)), indent="  ", flexible=2, fits=True)
    yield ""
    yield from _latencies(screen, found)
    yield from _over_time(screen, found, when, now)


def _sums(found: dict[str, Any]) -> Iterator[list[str]]:
    """What there is of each, and what is worth knowing besides."""
    tasks, runs = found["tasks"], found["runs"]
    done = tasks["done"]
    yield ["done", f"{done}", _share(tasks["verified"], done, "verified")]
    yield ["unattended", f"{tasks['unattended']}", _share(tasks["unattended"], done, "of done")]
    failed = f"{tasks['failed']}"
    yield ["failed", failed, f"{tasks['cancelled']} cancelled" if tasks["cancelled"] else ""]
    yield ["runs", f"{runs['count']}", _share(runs["failed"], runs["count"], "failed")]
    yield ["stale resets", f"{found['stale_resets']}", "runs taken back from the dead"]
    yield ["interventions", f"{found['interventions']}", "a person touched begun work"]
    tokens = f"{found['tokens']} tokens" if found["tokens"] else ""
    yield ["cost", f"${found['cost_usd']:.2f}", tokens]


def _share(part: int, whole: int, word: str) -> str:
    return f"{100 * part / whole:.0f} % {word}" if whole else ""


def _latencies(screen: Screen, found: dict[str, Any]) -> Iterator[str]:
    rows = [["", "p50", "p90", "p99", ""]]
    for name, title, meaning in _LATENCIES:
        spread = found["latency_s"][name]
        rows.append([title, *(_length(spread[p]) for p in ("p50", "p90", "p99")), meaning])
    if screen.wide is not None and screen.wide < NARROW:
        rows = [row[:-1] for row in rows]  # figures before what they mean
    lines = screen.table(rows, indent="  ", flexible=len(rows[0]) - 1, fits=True)
    yield screen.paint(lines[0], "dim")
    yield from lines[1:]


def _length(seconds: float | None) -> str:
    """A latency: exact where it is short."""
    if seconds is None:
        return "-"
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest}s" if minutes < _COARSE else brief(seconds)


# Over time


_Value = Callable[[dict[str, Any]], float]
_MEASURES: tuple[tuple[str, _Value], ...] = (
    ("done", lambda part: part["tasks"]["done"]),
    ("failed runs", lambda part: part["runs"]["failed"]),
    ("run p90", lambda part: part["latency_s"]["run"]["p90"] or 0),
    ("cost", lambda part: part["cost_usd"]),
)


def _over_time(screen: Screen, found: dict[str, Any], when: When, now: datetime) -> Iterator[str]:
    """Lines of characters for what changed, and bars for what was done in the last parts."""
    series = found["series"]
    if len(series) < 2:
        return
    first, second = (datetime.fromisoformat(part["since"]) for part in series[:2])
    width = (second - first).total_seconds()
    yield f"\n{screen.paint('Over time', 'bold')}, {spell_duration(width)} each"
    for name, value in _MEASURES:
        values = [float(value(part)) for part in series]
        if any(values):
            most = f"at most {_most(name, max(values))}"
            yield screen.fit(f"  {padded(name, 11)}  {spark(values)}  {most}")
    yield ""
    yield from _bars(screen, series, lambda ts: ts[:10] if width >= _DAY else when.brief(ts, now))


def _most(name: str, value: float) -> str:
    if name == "cost":
        return f"${value:.2f}"
    return _length(value) if name.startswith("run ") else f"{value:.0f}"


def _bars(
    screen: Screen, series: list[dict[str, Any]], spell: Callable[[str], str]
) -> Iterator[str]:
    """The last ten parts in which anything ended. Where the window has no room for a bar and what
    it says, the bar is left out."""
    parts = [p for p in series if p["tasks"]["done"] or p["tasks"]["failed"]][-10:]
    most = max((p["tasks"]["done"] + p["tasks"]["failed"] for p in parts), default=0)
    for part in parts:
        done, failed = part["tasks"]["done"], part["tasks"]["failed"]
        said = f"{done} done" + (f", {failed} failed" if failed else "")
        when = f"  {padded(spell(part['since']), 17)}  "
        if screen.wide is not None and screen.wide <= width_of(when) + _BAR + 2 + len(said):
            yield screen.fit(f"{when}{said}")
            continue
        drawn = screen.paint(bar(done, most, _BAR), "done")
        drawn += screen.paint("▒" * len(bar(failed, most, _BAR)), "failed")
        yield f"{when}{drawn} {said}"
