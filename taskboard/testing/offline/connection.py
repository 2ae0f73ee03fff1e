"""One connection: reads requests, finds who answers, writes what is said."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from taskboard.testing.offline.ask import Ask
from taskboard.testing.offline.messages_rules import MAX_BYTES
from taskboard.testing.offline.reply import (
    ERRORS,
    Body,
    Error,
    HangUp,
    Reply,
    Scripted,
    Text,
    Thought,
    error,
)
from taskboard.testing.offline.tokens import BYTES_PER_TOKEN, count
from taskboard.testing.offline.wire import Call, Event, Sent, Wire

if TYPE_CHECKING:
    from taskboard.testing.offline.server import OfflineModel


def handler_of(model: OfflineModel) -> type[BaseHTTPRequestHandler]:
    """The class that http.server makes an object of for each connection to ``model``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else every answer waits 40 ms
        wbufsize = -1
        server_version = "taskboard-offline"

        def do_POST(self) -> None:
            _Exchange(model, self).run()

        do_GET = do_HEAD = do_PUT = do_DELETE = do_POST  # noqa: N815  http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name there
            """Nothing is printed."""

    return Handler


class _Exchange:
    """One request and its answer."""

    def __init__(self, model: OfflineModel, http: BaseHTTPRequestHandler) -> None:
        self._model = model
        self._http = http
        self._unread = 0
        self._id = f"req_{model.clock.uuid().replace('-', '')[:24]}"

    def run(self) -> None:
        """Answer; a client that goes away meanwhile ends the connection."""
        try:
            self._answer()
            self._http.wfile.flush()
            if self._unread:
                self._drain()
        except OSError:
            self._http.close_connection = True

    def _answer(self) -> None:
        call, fault = self._read()
        wire = next((w for w in self._model.wires if w.serves(call.path)), None)
        if wire is None:
            self._model.record(call, None)
            self._json(404, {"error": {"message": f"nothing is served at {call.path}"}}, {})
            return
        found = fault or wire.look(call)
        before = self._model.record(call, found if isinstance(found, Ask) else None)
        if isinstance(found, Error):
            self._error(wire, found)
        elif isinstance(found, Ask):
            said = self._model.script.take(found) or self._model.brain(found)
            self._say(wire, call, found, said, before)
        else:
            self._json(200, found, wire.headers(None, before))

    def _read(self) -> tuple[Call, Error | None]:
        http = self._http
        url = urlsplit(http.path)
        headers = {name.lower(): value for name, value in http.headers.items()}
        size = int(headers.get("content-length") or 0)
        fault, raw, body = None, b"", None
        if size > MAX_BYTES:
            http.close_connection, self._unread = True, size
            fault = error(413, message="Request exceeds the maximum size")
        elif headers.get("transfer-encoding", "").lower() == "chunked":
            raw = self._chunks()
        else:
            raw = http.rfile.read(size)
        if raw:
            try:
                body = json.loads(raw)
            except ValueError:
                body = raw.decode("utf-8", "replace")
                fault = error(400, message="The request body is not valid JSON")
        path = url.path.rstrip("/") or "/"
        call = Call(method=http.command, path=path, query=url.query, headers=headers, body=body)
        return call, fault

    def _drain(self) -> None:
        """Take in what the client still sends: closing on it would lose the answer it is to
        read."""
        self._http.connection.shutdown(socket.SHUT_WR)
        while self._unread > 0:
            found = self._http.rfile.read1(1 << 16)
            self._unread = self._unread - len(found) if found else 0

    def _chunks(self) -> bytes:
        found, file = b"", self._http.rfile
        while size := int(file.readline().split(b";")[0] or b"0", 16):
            found += file.read(size)
            file.readline()
        file.readline()
        return found

    def _say(self, wire: Wire, call: Call, ask: Ask, said: Scripted, before: int) -> None:
        if said.delay and self._model.closing.wait(said.delay):
            self._http.close_connection = True
            return
        match said:
            case HangUp():
                self._http.close_connection = True
            case Error():
                self._error(wire, said)
            case Body(value=value, status=status, headers=headers):
                self._json(status, value, headers)
            case Reply():
                self._reply(wire, call, ask, said, before)

    def _reply(self, wire: Wire, call: Call, ask: Ask, reply: Reply, before: int) -> None:
        reply = _within(reply, ask.max_tokens)
        sent = self._sent(wire, call, reply)
        headers = wire.headers(sent, before)
        if ask.stream:
            self._stream(wire.events(ask, reply, sent), headers, reply)
        elif reply.stream_error:
            status = next((s for s, t in ERRORS.items() if t == reply.stream_error), 500)
            self._error(wire, error(status, reply.stream_error))
        elif reply.cut_after is not None:
            self._http.close_connection = True
        else:
            self._json(200, wire.whole(ask, reply, sent), headers)

    def _sent(self, wire: Wire, call: Call, reply: Reply) -> Sent:
        prompt = self._model.cache.look(wire.prompt(call), self._model.clock.boot())
        thinking = sum(count(p.text) for p in reply.pieces if isinstance(p, Thought))
        key = hashlib.sha256(f"{self._id}{call.path}".encode()).hexdigest()[:22]
        now = int(self._model.clock.now().timestamp())
        output = _size(reply)
        return Sent(key=key, now=now, prompt=prompt, output=output, thinking=thinking)

    def _error(self, wire: Wire, fault: Error) -> None:
        headers = {**wire.headers(None, 0), **fault.headers}
        if fault.retry_after is not None:
            headers["retry-after"] = f"{fault.retry_after:g}"
            headers["retry-after-ms"] = f"{fault.retry_after * 1000:.0f}"
        self._json(fault.status, wire.error(fault, self._id), headers)

    def _json(self, status: int, value: Any, headers: Mapping[str, str]) -> None:
        data = (value if isinstance(value, str) else json.dumps(value)).encode()
        self._head(status, {"content-type": "application/json", **headers})
        self._http.send_header("content-length", str(len(data)))
        self._http.end_headers()
        if self._http.command != "HEAD":
            self._http.wfile.write(data)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self._http.send_response(status)
        for name, value in {"request-id": self._id, **headers}.items():
            self._http.send_header(name, value)
        if self._http.close_connection:
            self._http.send_header("connection", "close")

    def _stream(self, events: Iterable[Event], headers: Mapping[str, str], reply: Reply) -> None:
        plain = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        self._head(200, {**plain, **headers, "transfer-encoding": "chunked"})
        self._http.end_headers()
        for at, (name, data) in enumerate(events):
            stalled = at == reply.stall_after and self._model.closing.wait()
            if stalled or at == reply.cut_after:
                self._http.close_connection = True
                return
            said = data if isinstance(data, str) else json.dumps(data)
            line = (f"event: {name}\n" if name else "") + f"data: {said}\n\n"
            raw = line.encode()
            self._http.wfile.write(b"%x\r\n%b\r\n" % (len(raw), raw))
            self._http.wfile.flush()
        self._http.wfile.write(b"0\r\n\r\n")


def _size(reply: Reply) -> int:
    """Tokens of a reply."""
    return sum(
        count(p.text) if isinstance(p, Text | Thought) else count([p.name, p.input])
        for p in reply.pieces
    )


def _within(reply: Reply, limit: int | None) -> Reply:
    """The reply as a model would give it that stops at the limit: its text cut, and what comes
    after it left out."""
    if limit is None or _size(reply) <= limit or reply.stop:
        return reply
    kept: list[Any] = []
    left = limit
    for piece in reply.pieces:
        size = _size(Reply(pieces=(piece,)))
        if size > left:
            if isinstance(piece, Text) and left:
                kept.append(Text(piece.text[: int(left * BYTES_PER_TOKEN)]))
            break
        kept.append(piece)
        left -= size
    return replace(reply, pieces=tuple(kept), stop="max_tokens")
