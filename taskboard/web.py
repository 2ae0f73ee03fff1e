"""The public web, as far as a receipt needs it: one page is fetched, and a digest kept of it.

Whoever offers a URL may be anybody, and this machine can reach what they cannot: other machines
of its network, services of its own, a cloud's metadata. So a name is looked up once, all of its
addresses must be public, and the connection goes to one of those and not to a name; a redirect
begins from the start. No proxy, no cookie, no credential has any part in it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from taskboard.core.addresses import address_problem
from taskboard.core.finding import Nothing, Page
from taskboard.core.urls import Target, read_url, redirected
from taskboard.http_answer import LINE, Answer, TooLarge, Unreadable, ask

MAX_REDIRECTS = 3
MAX_BODY = 16 << 20
"""Bytes of a page."""
SECONDS = 30.0
"""For all of it together: looking up, connecting, every redirect, the last byte."""

_ADDRESSES = 6
"""How many of a host's addresses are tried."""
_CONNECT = 8.0
"""Seconds for one address to answer the connection and its TLS."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses with which a server says that it may answer otherwise soon."""
_SHOWN = 100

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""All addresses of a host. Raises ``OSError``."""
Dial = Callable[
    [str, str, ssl.SSLContext], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
]
"""Connect to an address (never a name) as the host that its certificate has to name."""


async def resolve(host: str) -> Sequence[str]:
    """Ask the system's resolver. In a thread of its own that nobody waits for at the end: what
    does not answer must not keep a program from leaving."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str] | OSError] = loop.create_future()

    def tell(found: list[str] | OSError) -> None:
        if not answer.done():
            answer.set_result(found)

    def work() -> None:
        found: list[str] | OSError
        try:
            # The last dot: this very name, and not one of this network's own that begins so.
            rows = socket.getaddrinfo(f"{host}.", 443, type=socket.SOCK_STREAM)
            found = list(dict.fromkeys(str(row[4][0]) for row in rows))
        except OSError as trouble:
            found = trouble
        except UnicodeError:
            found = OSError("no name that can be looked up")
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, found)

    threading.Thread(target=work, name="look up", daemon=True).start()
    found = await answer
    if isinstance(found, OSError):
        raise found
    return found


async def dial(
    address: str, host: str, trust: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A TLS connection to port 443 of ``address``."""
    return await asyncio.open_connection(address, 443, ssl=trust, server_hostname=host, limit=LINE)


def system_trust() -> ssl.SSLContext:
    """Certificates of the authorities that this system trusts, for the name that was asked for."""
    trust = ssl.create_default_context()
    trust.set_alpn_protocols(["http/1.1"])
    return trust


class PublicWeb:
    """Implements ``Web``. The arguments are for tests, which have a network of their own; what an
    address has to be is none of them."""

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        dial: Dial = dial,
        trust: Callable[[], ssl.SSLContext] = system_trust,
        seconds: float = SECONDS,
        most: int = MAX_BODY,
    ) -> None:
        self._resolve, self._dial, self._trust = resolve, dial, trust
        self._seconds, self._most = seconds, most

    async def fetch(self, url: str) -> Page | Nothing:
        """See ``Web.fetch``."""
        target = read_url(url)
        if isinstance(target, str):
            return Nothing(problem=target)
        try:
            async with asyncio.timeout(self._seconds):
                trust = await asyncio.to_thread(self._trust)  # it reads some hundred files
                return await self._follow(target, trust)
        except TimeoutError:
            problem = f"was not there within {self._seconds:g} seconds"
            return Nothing(problem=problem, passing=True)

    async def _follow(self, target: Target, trust: ssl.SSLContext) -> Page | Nothing:
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._ask(target, trust)
            if isinstance(answer, Nothing):
                return answer
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return self._judge(target, answer)
            following = redirected(target, answer.headers["location"])
            if isinstance(following, str):
                return Nothing(problem=f"{target.host} redirects to what is {following}")
            target = following
        return Nothing(problem=f"redirects more than {MAX_REDIRECTS} times")

    def _judge(self, target: Target, answer: Answer) -> Page | Nothing:
        if answer.bytes is None or answer.sha256 is None:
            problem = f"{target.host} answered with status {answer.status}"
            return Nothing(problem=problem, passing=answer.status in _BUSY)
        kind = "".join(c for c in answer.headers.get("content-type", "") if " " <= c <= "~")
        return Page(
            url=target.url,
            status=answer.status,
            kind=kind[:_SHOWN],
            bytes=answer.bytes,
            sha256=answer.sha256,
        )

    async def _ask(self, target: Target, trust: ssl.SSLContext) -> Answer | Nothing:
        found = await self._look_up(target.host)
        if isinstance(found, Nothing):
            return found
        answer: Answer | Nothing = Nothing(problem=f"{target.host} has no address", passing=True)
        for address in found[:_ADDRESSES]:
            answer = await self._try(address, target, trust)
            if not (isinstance(answer, Nothing) and answer.passing):
                break
        return answer

    async def _look_up(self, host: str) -> Sequence[str] | Nothing:
        """The addresses of a host, all of them public. Nobody asks for them a second time: what
        was judged here is what is connected to."""
        try:
            addresses = await self._resolve(host)
        except OSError as trouble:
            problem = f"{host} could not be looked up: {_words(trouble)}"
            return Nothing(problem=problem, passing=True)
        for why in (address_problem(address) for address in addresses):
            if why is not None:
                return Nothing(problem=f"{host} leads to an address that is not public: {why}")
        return addresses

    async def _try(self, address: str, target: Target, trust: ssl.SSLContext) -> Answer | Nothing:
        host = target.host
        try:
            return await self._exchange(address, target, trust)
        except ssl.SSLCertVerificationError as trouble:
            why = trouble.verify_message or "it cannot be verified"
            return Nothing(problem=f"the certificate of {host} is refused: {why}")
        except TooLarge:
            return Nothing(problem=f"is larger than {self._most} bytes")
        except Unreadable as trouble:
            return Nothing(problem=f"{host} cannot be understood: {trouble}")
        except (OSError, EOFError) as trouble:
            problem = f"{host} could not be reached: {_words(trouble)}"
            return Nothing(problem=problem, passing=True)

    async def _exchange(self, address: str, target: Target, trust: ssl.SSLContext) -> Answer:
        try:
            async with asyncio.timeout(_CONNECT):
                reader, writer = await self._dial(address, target.host, trust)
        except TimeoutError:
            raise OSError("no connection in time") from None
        try:
            return await ask(reader, writer, target, most=self._most)
        finally:
            writer.transport.abort()


def _words(trouble: Exception) -> str:
    text = str(getattr(trouble, "strerror", None) or trouble).strip()
    return text[:_SHOWN] or "the connection ended"
