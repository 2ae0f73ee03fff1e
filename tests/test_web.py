"""Fetching pages, from a server on loopback that a private authority vouches for.

The names are looked up in the test's own table, which answers with public addresses; what they are
is judged by the real rules. Only the last step is the test's: a connection to a public address
ends at its server. There is no way to let a private address pass, here as elsewhere.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from taskboard.app import open_app
from taskboard.core.finding import Nothing, Page
from taskboard.web import PublicWeb, dial, resolve, system_trust

PUBLIC, OTHER, SIXTH = "93.184.216.34", "198.41.0.4", "2606:2800:220:1::1"
OK = b"HTTP/1.1 200 OK\r\n"
REQUEST = (
    b"GET /report HTTP/1.1\r\n"
    b"Host: site.dev\r\n"
    b"User-Agent: taskboard (looks for evidence)\r\n"
    b"Accept: */*\r\n"
    b"Accept-Encoding: identity\r\n"
    b"Connection: close\r\n\r\n"
)

_CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
subjectAltName = {alt}
authorityKeyIdentifier = keyid
"""


class Authority:
    """Makes certificates in ``folder`` with the openssl of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key("authority")
        self._config("authority", "DNS:authority")
        self(
            "req -x509 -new -sha256 -days 9 -key authority.key -out authority.pem"
            " -config authority.cnf -extensions authority"
        )

    def __call__(self, words: str) -> None:
        command = ["openssl", *words.split()]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

    def _key(self, name: str) -> None:
        self(f"ecparam -name prime256v1 -genkey -noout -out {name}.key")

    def _config(self, name: str, alt: str) -> None:
        (self.folder / f"{name}.cnf").write_text(_CONFIG.format(name=name, alt=alt))

    def server(self, *hosts: str) -> ssl.SSLContext:
        """What a server shows that is these hosts."""
        self._key("server")
        self._config("server", ", ".join(f"DNS:{host}" for host in hosts))
        self("req -new -key server.key -out server.csr -config server.cnf")
        self(
            "x509 -req -sha256 -days 9 -in server.csr -out server.pem -CA authority.pem"
            " -CAkey authority.key -CAcreateserial -extfile server.cnf -extensions server"
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        return context

    def trust(self) -> ssl.SSLContext:
        """As the system's, with this authority as the only one."""
        context = ssl.create_default_context(cafile=str(self.folder / "authority.pem"))
        context.set_alpn_protocols(["http/1.1"])
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def shown(authority) -> ssl.SSLContext:
    return authority.server("site.dev", "other.dev", "xn--mnchen-3ya.de")


class Net:
    """A network: ``names`` leads to addresses (a list of lists: what each asking is answered),
    ``pages`` maps host and path to the bytes a server sends, or to what does the sending."""

    def __init__(self, shown: ssl.SSLContext, authority: Authority) -> None:
        self.shown, self.authority = shown, authority
        self.names: dict[str, list] = {"site.dev": [PUBLIC], "other.dev": [OTHER]}
        self.pages: dict[str, bytes | Callable] = {}
        self.looked_up: list[str] = []
        self.dialled: list[tuple[str, str]] = []
        self.requests: list[bytes] = []
        self.server_names: list[str] = []
        self.dead: set[str] = set()
        self.sent = 0
        self.options: dict = {}

    def serve(self, url: str, answer: bytes | Callable) -> None:
        self.pages[url] = answer

    def fetch(self, url: str, **options) -> Page | Nothing:
        return asyncio.run(self._fetch(url, options))

    async def _fetch(self, url: str, options: dict) -> Page | Nothing:
        self.shown.sni_callback = lambda _sock, name, _ctx: self.server_names.append(name)
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0, ssl=self.shown)
        self.port = server.sockets[0].getsockname()[1]
        web = PublicWeb(
            **{
                "resolve": self.resolve,
                "dial": self.dial,
                "trust": self.authority.trust,
                "seconds": 5.0,
                **options,
            }
        )
        try:
            return await web.fetch(url)
        finally:
            server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    async def resolve(self, host: str) -> list[str]:
        self.looked_up.append(host)
        found = self.names.get(host)
        if found is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if found and isinstance(found[0], list):
            return found.pop(0)
        return found

    async def dial(self, address: str, host: str, trust: ssl.SSLContext):
        self.dialled.append((address, host))
        if address in self.dead:
            raise ConnectionRefusedError(111, "Connection refused")
        return await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=trust, server_hostname=host, limit=16 << 10
        )

    async def _answer(self, reader, writer) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            request = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(request)
            path = request.split()[1].decode()
            host = request.split(b"Host: ")[1].split(b"\r\n")[0].decode()
            answer = self.pages.get(f"https://{host}{path}", b"HTTP/1.1 404 No\r\n\r\n")
            if callable(answer):
                await answer(self, writer)
            else:
                writer.write(answer)
                await writer.drain()
            writer.close()


@pytest.fixture
def net(shown, authority) -> Net:
    return Net(shown, authority)


URL = "https://site.dev/report"


def refused(net: Net, url: str = URL, *, passing: bool = False, **options) -> str:
    found = net.fetch(url, **options)
    assert isinstance(found, Nothing), found
    assert found.passing is passing, found
    return found.problem


def accepted(net: Net, url: str = URL, **options) -> Page:
    found = net.fetch(url, **options)
    assert isinstance(found, Page), found
    return found


# What counts, and what is kept of it.


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"Content-Length: 5\r\n\r\nhellomore", b"hello"),
        (b"\r\nhello", b"hello"),
        (b"Content-Length: 0\r\n\r\n", b""),
        (
            b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nX: y\r\n\r\n",
            b"hello",
        ),
        (b"Content-Length: 5, 5\r\n\r\nhello", b"hello"),
    ],
)
def test_a_page_is_counted_and_digested_and_not_kept(net, answer, body):
    net.serve(URL, OK + b"Content-Type: text/plain; charset=utf-8\r\n" + answer)

    assert accepted(net) == Page(
        url=URL,
        status=200,
        kind="text/plain; charset=utf-8",
        bytes=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
    )


def test_a_request_says_what_it_is_and_carries_nothing_of_its_user_s(net, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine site.dev login ann password secret")
    monkeypatch.setenv("HOME", str(tmp_path))
    net.serve(URL, OK + b"\r\n")
    accepted(net)

    assert net.requests == [REQUEST]
    assert net.server_names == ["site.dev"]
    assert net.dialled == [(PUBLIC, "site.dev")]


def test_a_proxy_of_the_environment_has_no_part_in_it(net, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    net.serve(URL, OK + b"\r\n")

    accepted(net)
    assert net.dialled == [(PUBLIC, "site.dev")]


def test_a_cookie_is_forgotten_on_the_way(net):
    net.serve(URL, b"HTTP/1.1 302 F\r\nSet-Cookie: a=b\r\nLocation: /next\r\n\r\n")
    net.serve("https://site.dev/next", OK + b"\r\n")

    accepted(net)
    assert b"ookie" not in net.requests[1]


@pytest.mark.parametrize("status", [201, 203, 204, 226])
def test_every_status_of_success_counts(net, status):
    net.serve(URL, b"HTTP/1.1 %d X\r\n\r\n" % status)

    assert accepted(net).status == status


@pytest.mark.parametrize(
    ("status", "passing"),
    [(300, False), (304, False), (400, False), (401, False), (403, False), (404, False),
     (410, False), (429, True), (500, True), (503, True)],
)  # fmt: skip
def test_any_other_status_refuses(net, status, passing):
    net.serve(URL, b"HTTP/1.1 %d X\r\nContent-Length: 9999\r\n\r\n" % status)

    assert f"status {status}" in refused(net, passing=passing)


def test_what_a_server_says_of_its_type_is_kept_short_and_visible(net):
    net.serve(URL, OK + b"Content-Type: a\x1b[31m\xc3\xa9\x07" + b"b" * 500 + b"\r\n\r\n")

    kind = accepted(net).kind
    assert kind.isascii()
    assert kind.isprintable()
    assert len(kind) == 100


def test_a_name_in_another_script_is_asked_for_as_dns_knows_it(net):
    net.names["xn--mnchen-3ya.de"] = [PUBLIC]
    net.serve("https://xn--mnchen-3ya.de/%C3%A4", OK + b"\r\n")

    assert accepted(net, "https://münchen.de/ä").url == "https://xn--mnchen-3ya.de/%C3%A4"


# Where nothing is asked.


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://localhost/",
     "http://site.dev/", "https://site.dev:8443/", "https://u:p@site.dev/", "file:///etc/passwd",
     "https://site.dev/smoke/", "https://１２７.0.0.1/", "https://site.dev\\@127.0.0.1/"],
)  # fmt: skip
def test_what_is_refused_by_its_shape_is_not_even_looked_up(net, url):
    refused(net, url)

    assert (net.looked_up, net.dialled) == ([], [])


PRIVATE = """
0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 169.254.169.254 172.16.0.1 192.0.0.192 192.168.1.1 198.18.0.1
224.0.0.1 255.255.255.255 168.63.129.16 :: ::1 ::ffff:127.0.0.1 ::ffff:93.184.216.34
64:ff9b::7f00:1 64:ff9b::5db8:d822 2002:7f00:1:: 2001:0:1::1 fc00::1 fd00:ec2::254 fe80::1%lo
fec0::1 ff02::1 2001:db8::1 203.0.113.5 240.0.0.1
""".split()


@pytest.mark.parametrize("address", PRIVATE)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_address_that_is_not_public_refuses_all_of_them(net, address, place):
    mixed = [PUBLIC, SIXTH]
    mixed.insert(place, address)
    net.names["site.dev"] = mixed
    net.serve(URL, OK + b"\r\n")

    assert "not public" in refused(net)
    assert net.dialled == []


def test_a_name_is_looked_up_once_and_the_connection_goes_where_it_was_judged(net):
    net.names["site.dev"] = [[PUBLIC], ["127.0.0.1"], ["10.0.0.1"]]
    net.serve(URL, OK + b"\r\n")

    accepted(net)
    assert net.looked_up == ["site.dev"]
    assert net.dialled == [(PUBLIC, "site.dev")]


def test_a_name_that_nobody_knows_may_be_known_later(net):
    assert "could not be looked up" in refused(net, "https://new.dev/", passing=True)
    net.names["site.dev"] = []
    assert "no address" in refused(net, passing=True)


def test_a_host_that_does_not_answer_at_one_address_is_asked_at_the_next(net):
    net.names["site.dev"] = [SIXTH, PUBLIC]
    net.dead = {SIXTH}
    net.serve(URL, OK + b"\r\n")

    accepted(net)
    assert net.dialled == [(SIXTH, "site.dev"), (PUBLIC, "site.dev")]


def test_not_more_than_a_few_addresses_are_tried(net):
    net.names["site.dev"] = [f"93.184.216.{n}" for n in range(1, 100)]
    net.dead = set(net.names["site.dev"])

    assert "Connection refused" in refused(net, passing=True)
    assert len(net.dialled) == 6


# Certificates.


def test_a_certificate_for_another_name_refuses(net):
    net.names["third.dev"] = [PUBLIC]

    assert "certificate of third.dev" in refused(net, "https://third.dev/")
    assert net.requests == []


def test_an_authority_that_the_system_does_not_know_refuses(net):
    assert "certificate of site.dev" in refused(net, trust=system_trust)
    assert net.requests == []


# Redirects.


def chain(net: Net, length: int) -> None:
    for n in range(length):
        host, following = ("site.dev", "other.dev") if n % 2 == 0 else ("other.dev", "site.dev")
        location = f"https://{following}/{n + 1}".encode()
        net.serve(f"https://{host}/{n}", b"HTTP/1.1 302 F\r\nLocation: " + location + b"\r\n\r\n")
    host = "site.dev" if length % 2 == 0 else "other.dev"
    net.serve(f"https://{host}/{length}", OK + b"\r\nend")


@pytest.mark.parametrize("length", [1, 2, 3])
def test_three_redirects_are_followed_each_looked_up_anew(net, length):
    chain(net, length)
    page = accepted(net, "https://site.dev/0")

    assert page.url.endswith(f"/{length}")
    assert page.sha256 == hashlib.sha256(b"end").hexdigest()
    assert len(net.looked_up) == length + 1
    assert [host for _, host in net.dialled] == net.looked_up


def test_a_fourth_redirect_refuses(net):
    chain(net, 4)

    assert "more than 3 times" in refused(net, "https://site.dev/0")
    assert len(net.requests) == 4


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_that_goes_in_circles_ends(net, status):
    net.serve(URL, b"HTTP/1.1 %d F\r\nLocation: /report\r\n\r\n" % status)

    assert "more than 3 times" in refused(net)


@pytest.mark.parametrize(
    "location",
    ["http://site.dev/x", "https://127.0.0.1/", "https://[::1]/", "//169.254.169.254/latest/",
     "https://0x7f000001/", "https://localhost/", "https://site.dev:22/", "https://a@other.dev/",
     "file:///etc/passwd", "gopher://other.dev/", "https://other.dev/smoke/", "\\\\127.0.0.1\\x",
     "https://metadata.google.internal/", "https://127。0。0。1/"],
)  # fmt: skip
def test_a_redirect_to_what_would_be_refused_refuses(net, location):
    net.serve(URL, b"HTTP/1.1 302 F\r\nLocation: " + location.encode() + b"\r\n\r\n")

    assert "redirects to" in refused(net)
    assert net.looked_up == ["site.dev"]


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254"])
def test_a_redirect_to_a_name_of_a_private_address_refuses(net, address):
    net.names["other.dev"] = [address]
    net.serve(URL, b"HTTP/1.1 302 F\r\nLocation: https://other.dev/\r\n\r\n")

    assert "not public" in refused(net)
    assert net.dialled == [(PUBLIC, "site.dev")]


def test_a_name_that_is_rebound_between_redirects_refuses(net):
    net.names["site.dev"] = [[PUBLIC], ["127.0.0.1"]]
    net.serve(URL, b"HTTP/1.1 302 F\r\nLocation: /again\r\n\r\n")

    assert "not public" in refused(net)
    assert len(net.dialled) == 1


def test_a_redirect_that_leads_nowhere_is_no_success(net):
    net.serve(URL, b"HTTP/1.1 302 F\r\n\r\n")

    assert "status 302" in refused(net)


# Bounds.


async def drip(net, writer, first=b""):
    """A byte now and then, for ever."""
    writer.write(first)
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def flood(net, writer, piece=b"x" * 65536):
    """As much as goes."""
    while True:
        writer.write(piece)
        await writer.drain()
        net.sent += len(piece)


@pytest.mark.parametrize(
    "first",
    [b"", b"HTTP/1.1 200 OK\r\nX: ", OK + b"\r\n", OK + b"Content-Length: 9999\r\n\r\n",
     OK + b"Transfer-Encoding: chunked\r\n\r\n2000\r\n", b"HTTP/1.1 100 C\r\nX: "],
)  # fmt: skip
def test_a_slow_drip_ends_by_the_clock(net, first):
    net.serve(URL, lambda net, writer: drip(net, writer, first))

    assert "within 0.2 seconds" in refused(net, passing=True, seconds=0.2)


def test_silence_ends_by_the_clock(net):
    async def nothing(_net, _writer):
        await asyncio.Event().wait()

    net.serve(URL, nothing)
    assert "within 0.2 seconds" in refused(net, passing=True, seconds=0.2)


def test_a_resolver_that_hangs_ends_by_the_clock(net):
    async def hang(_host):
        await asyncio.Event().wait()

    assert "within 0.1 seconds" in refused(net, passing=True, resolve=hang, seconds=0.1)


@pytest.mark.parametrize(
    "head",
    [b"Content-Length: 10737418240\r\n\r\n", b"\r\n",
     b"Transfer-Encoding: chunked\r\n\r\n280000000\r\n"],
)  # fmt: skip
def test_ten_gigabytes_are_not_read(net, head):
    async def send(net, writer):
        writer.write(OK + head)
        await flood(net, writer)

    net.serve(URL, send)

    assert "larger than 1048576 bytes" in refused(net, most=1 << 20)
    assert net.sent < 16 << 20


def test_a_page_of_just_the_limit_counts(net):
    net.serve(URL, OK + b"\r\n" + b"x" * 4096)

    assert accepted(net, most=4096).bytes == 4096
    assert "larger" in refused(net, most=4095)


def test_what_is_compressed_is_not_inflated(net):
    bomb = gzip.compress(b"\0" * (32 << 20))
    net.serve(URL, OK + b"Content-Encoding: gzip\r\n\r\n" + bomb)

    page = accepted(net)
    assert (page.bytes, page.sha256) == (len(bomb), hashlib.sha256(bomb).hexdigest())


@pytest.mark.parametrize(
    "answer",
    [
        b"hello\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"220 mail ESMTP\r\n250 fine\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x" * (64 << 10),
        OK + b"X: " + b"y" * (64 << 10) + b"\r\n\r\n",
        OK + b"X: y\r\n" * 500 + b"\r\n",
        OK + b" folded: x\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"X : y\r\n\r\n",
        OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        OK + b"Content-Length: -5\r\n\r\nhello",
        OK + b"Content-Length: 0x5\r\n\r\nhello",
        OK + b"Content-Length: 99999999999999999999\r\n\r\nhello",
        OK + "Content-Length: ٥\r\n\r\nhello".encode(),
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: identity\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
    ],
)
def test_what_cannot_be_understood_in_one_way_refuses(net, answer):
    net.serve(URL, answer)

    assert "cannot be understood" in refused(net)


def test_a_word_before_the_answer_is_passed_over(net):
    net.serve(URL, b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 2 + OK + b"\r\nhello")

    assert accepted(net).bytes == 5


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200", OK + b"Content-Length: 50\r\n\r\nhello",
     OK + b"Transfer-Encoding: chunked\r\n\r\n50\r\nhello"],
)  # fmt: skip
def test_an_answer_that_breaks_off_may_come_whole_later(net, answer):
    net.serve(URL, answer)

    assert refused(net, passing=True) == (
        "site.dev could not be reached: it broke off in the middle"
    )


# The real edges.


def test_the_program_looks_up_and_connects_by_no_other_way(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "task-board.md").write_text("# B\n")
    app = open_app(tmp_path, environ={"HOME": str(tmp_path)})
    try:
        web = app.ctx.web()
        assert type(web) is PublicWeb
        assert (web._resolve, web._dial, web._trust) == (resolve, dial, system_trust)
        assert (web._seconds, web._most) == (30.0, 16 << 20)
    finally:
        app.ledger.close()


def test_a_connection_goes_to_an_address_and_asks_for_a_host(monkeypatch):
    asked = []

    async def connect(*words, **named):
        asked.append((words, named))

    monkeypatch.setattr(asyncio, "open_connection", connect)
    trust = system_trust()
    asyncio.run(dial(PUBLIC, "site.dev", trust))

    ((words, named),) = asked
    assert words == (PUBLIC, 443)
    assert (named["ssl"], named["server_hostname"]) == (trust, "site.dev")


def test_the_system_s_trust_asks_for_a_certificate_of_the_host():
    trust = system_trust()

    assert trust.verify_mode is ssl.CERT_REQUIRED
    assert trust.check_hostname
    assert trust.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_the_resolver_is_asked_for_the_very_name_and_all_its_addresses(monkeypatch):
    asked = []

    def answer(host, port, **more):
        asked.append(host)
        kinds = (socket.AF_INET6, socket.AF_INET, socket.AF_INET)
        ends = ((SIXTH, 443, 0, 0), (PUBLIC, 443), (PUBLIC, 443))
        return [(k, socket.SOCK_STREAM, 6, "", e) for k, e in zip(kinds, ends, strict=True)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)

    assert asyncio.run(resolve("site.dev")) == [SIXTH, PUBLIC]
    assert asked == ["site.dev."]


@pytest.mark.parametrize("trouble", [socket.gaierror(-2, "unknown"), UnicodeError("label")])
def test_a_resolver_s_trouble_is_an_os_error(monkeypatch, trouble):
    def fail(*_words, **_more):
        raise trouble

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    with pytest.raises(OSError, match=r"unknown|looked up"):
        asyncio.run(resolve("site.dev"))


def test_a_resolver_that_never_answers_keeps_nobody_from_leaving(monkeypatch):
    hold = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_words, **_more: hold.wait() and [])

    async def impatient():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(resolve("site.dev"), 0.05)

    asyncio.run(impatient())
    hold.set()
