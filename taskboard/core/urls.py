"""Reading a URL strictly: what cannot be understood in one way only is refused.

Nothing is guessed, repaired or passed on: two programs that read one URL differently are how a
check is walked around. The host is answered as it is asked for in DNS, TLS and HTTP.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, unquote, urljoin

import msgspec

MAX_URL = 2000
"""Characters of a URL."""

_PLACEHOLDER_HOSTS = ("localhost", "example.com", "example.org", "example.net", "example")
_PLACEHOLDER_PATHS = ("/smoke/", "/remediate/")
_LOCAL_ENDINGS = (
    ".local .localdomain .internal .intranet .test .invalid .localhost .lan .home .corp .private"
    " .home.arpa .onion"
).split()
"""Endings that public DNS does not answer, or answers with this network's own machines."""

_SHAPE = re.compile(r"(?i:([a-z][a-z0-9+.-]*):)?//([^/?#]*)([^#]*)(?:#.*)?")
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}")
_NUMBER = re.compile(r"(?:\d+|0x[0-9a-f]*)\Z")
_READ_TWO_WAYS = "\u00df\u1e9e\u03c2"
"""Letters that IDNA of 2003 replaces and IDNA of 2008 keeps: two names under one spelling."""
_NEVER = frozenset('\\"<>^`{|}')
"""What stands in no URL, and what programs disagree about (a backslash) most of all."""
_PORT = "443"
_SAFE = "/?:@!$&'()*+,;=-._~%[]"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One request. ``host`` is in ASCII and lower case, ``path`` what stands in the request."""

    host: str
    path: str

    @property
    def url(self) -> str:
        return f"https://{self.host}{self.path}"


def read_url(url: str) -> Target | str:
    """Where a URL leads, or why it can be no evidence by its shape alone: a clause."""
    found = _SHAPE.fullmatch(url) if len(url) <= MAX_URL else None
    if found is None or any(c in _NEVER or c.isspace() or _is_control(c) for c in url):
        return "not a URL" if len(url) <= MAX_URL else f"longer than {MAX_URL} characters"
    scheme, authority, rest = found.groups()
    if (scheme or "").casefold() not in ("http", "https") or not authority:
        return "not an https URL"
    host, port = _host_and_port(authority)
    path = rest if rest.startswith("/") else "/" + rest
    problem = _problem(scheme.casefold(), authority, host, port, path)
    return problem or Target(host=host, path=quote(path, safe=_SAFE))


def _problem(scheme: str, authority: str, host: str, port: str, path: str) -> str:
    """The first thing that is wrong, a placeholder before what is only spelled wrong."""
    if "@" in authority:
        return "carries a user name or password"
    if host and _is_placeholder(host, path):
        return f"a placeholder ({host}{path[:200]}): evidence must be public and real"
    if scheme != "https":
        return "not an https URL"
    if _HOST.fullmatch(host) is None:
        return "not a URL"
    if port != _PORT:
        return f"on port {port}: evidence is fetched from port {_PORT} only"
    return ""


def redirected(target: Target, location: str) -> Target | str:
    """Where a redirect leads: read from the start, as if it had been offered."""
    try:
        return read_url(urljoin(target.url, location.strip()))
    except ValueError:
        return "not a URL"


def _is_control(c: str) -> bool:
    return unicodedata.category(c) in ("Cc", "Cf", "Cs")


def _host_and_port(authority: str) -> tuple[str, str]:
    """The host in ASCII, empty when it is none; the port as digits."""
    if authority.startswith("["):
        return authority, _PORT  # an address, whatever follows it
    name, colon, port = authority.partition(":")
    if port and re.fullmatch(r"[0-9]{1,5}", port) is None:
        return "", _PORT
    return _ascii(name), str(int(port)) if colon and port else _PORT


def _ascii(name: str) -> str:
    """The name as DNS knows it. Letters and dots that stand for others (full-width ones, the
    ideographic full stop) become those first, so that they are judged as what they mean."""
    if "%" in name or any(c in _READ_TWO_WAYS for c in name):
        return ""
    try:
        return name.encode("idna").decode("ascii").casefold().removesuffix(".")
    except UnicodeError:
        return ""


def _is_placeholder(host: str, path: str) -> bool:
    lowered = unquote(path).casefold().partition("?")[0] + "/"
    return (
        any(host == name or host.endswith("." + name) for name in _PLACEHOLDER_HOSTS)
        or any(part in lowered for part in _PLACEHOLDER_PATHS)
        or "." not in host
        or host.endswith(tuple(_LOCAL_ENDINGS))
        or host.startswith("[")
        or _NUMBER.match(host.rpartition(".")[2]) is not None
    )
