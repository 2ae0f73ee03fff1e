"""The server: HTTP on loopback, a thread for each connection."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Self

from taskboard.clock import Clock, SystemClock
from taskboard.testing.offline import gemini, messages, responses
from taskboard.testing.offline.ask import Ask
from taskboard.testing.offline.brain import answer
from taskboard.testing.offline.cache import PromptCache
from taskboard.testing.offline.connection import handler_of
from taskboard.testing.offline.reply import Reply
from taskboard.testing.offline.script import Answer, Script, When
from taskboard.testing.offline.wire import Call, Wire

KEY = "offline-key-0000000000000000000000000000"
"""A key that everything takes for one. It opens nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What came in: ``body`` decoded (text where it is no JSON), ``ask`` None where it was
    refused or needed no model."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any
    ask: Ask | None


class OfflineModel:
    """A model server on loopback, from ``with`` to its end.

    ::

        with OfflineModel() as model:
            model.push(text("hello"))
            client = anthropic.Anthropic(base_url=model.url, api_key="any")

    Whatever is not pushed the ``brain`` answers. A key that begins with ``invalid`` is refused.
    """

    def __init__(self, brain: Callable[[Ask], Reply] = answer, clock: Clock | None = None) -> None:
        self.brain = brain
        self.clock: Clock = clock or SystemClock()
        self.script = Script()
        self.cache = PromptCache()
        self.closing = threading.Event()
        self.wires: tuple[Wire, ...] = (gemini.WIRE, responses.WIRE, messages.WIRE)
        self._changed = threading.Condition()
        self._requests: list[Request] = []
        self._served = 0
        self._server = _Server(("127.0.0.1", 0), handler_of(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every connection and stop. Waiting replies are given up."""
        self.closing.set()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environ(self) -> dict[str, str]:
        """The variables with which programs talk to it, to be added to an environment."""
        return {
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": KEY,
            "CODEX_API_KEY": KEY,
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "GOOGLE_GEMINI_BASE_URL": self.url,
            "GEMINI_API_KEY": KEY,
        }

    @property
    def requests(self) -> tuple[Request, ...]:
        """Everything that came in, oldest first."""
        with self._changed:
            return tuple(self._requests)

    def push(self, *replies: Answer, when: When = None) -> None:
        """Put replies in line, for any request or those that ``when`` describes (``script.When``).
        A function is called with the ``Ask`` to make the reply."""
        self.script.push(*replies, when=when)

    def wait_for(self, count: int, timeout: float = 20.0) -> tuple[Request, ...]:
        """The requests, once there are so many; ``TimeoutError`` after ``timeout`` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._requests) >= count, timeout):
                raise TimeoutError(f"only {len(self._requests)} of {count} requests came")
            return tuple(self._requests)

    def record(self, call: Call, ask: Ask | None) -> int:
        """Remember a request; how many came before it."""
        found = Request(
            method=call.method,
            path=call.path,
            query=call.query,
            headers=call.headers,
            body=call.body,
            ask=ask,
        )
        with self._changed:
            self._requests.append(found)
            self._changed.notify_all()
            return len(self._requests) - 1


class _Server(ThreadingHTTPServer):
    """Knows its connections, so that none outlives it."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *arguments: Any) -> None:
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(*arguments)

    def server_bind(self) -> None:
        """Bind without asking for the machine's name, which can take seconds on macOS."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note the connection."""
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Let go of it."""
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """Wake the threads that wait for a client to say more."""
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it has gone by itself

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news; anything else is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
