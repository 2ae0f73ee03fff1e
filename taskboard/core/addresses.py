"""Which addresses the host may fetch evidence from: globally reachable unicast, and nothing else.

The list is our own and compares numbers. What the standard library calls global has changed with
its versions (CVE-2024-4032), and it calls ways into an IPv4 network (NAT64, 6to4) global too.
Source: the special-purpose registries of IANA, and the addresses that clouds answer on.
"""

from __future__ import annotations

import ipaddress

_NOT_PUBLIC_4 = {
    "0.0.0.0/8": "this network",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared by a provider's customers",
    "127.0.0.0/8": "this machine",
    "168.63.129.16/32": "a cloud's own service",
    "169.254.0.0/16": "link-local, where clouds keep their metadata",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved for protocols",
    "192.0.2.0/24": "for documentation",
    "192.31.196.0/24": "a sink for name lookups",
    "192.52.193.0/24": "a relay for multicast",
    "192.88.99.0/24": "a relay for 6to4",
    "192.168.0.0/16": "private",
    "192.175.48.0/24": "a sink for name lookups",
    "198.18.0.0/15": "for benchmarks",
    "198.51.100.0/24": "for documentation",
    "203.0.113.0/24": "for documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}

_NOT_PUBLIC_6 = {
    "::/128": "unspecified",
    "::1/128": "this machine",
    "::ffff:0:0/96": "an IPv4 address inside IPv6",
    "::/96": "an IPv4 address inside IPv6",
    "64:ff9b::/96": "an IPv4 address behind NAT64",
    "64:ff9b:1::/48": "an IPv4 address behind NAT64",
    "2001::/32": "an IPv4 address behind Teredo",
    "2001:db8::/32": "for documentation",
    "2001::/23": "reserved for protocols",
    "2002::/16": "an IPv4 address behind 6to4",
    "2620:4f:8000::/48": "a sink for name lookups",
    "3ffe::/16": "given back",
    "3fff::/20": "for documentation",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
}
"""The first that matches names it. Whatever lies outside of 2000::/3 is refused in any case."""


def _ranges(nets: dict[str, str]) -> tuple[tuple[int, int, str], ...]:
    found = []
    for text, why in nets.items():
        net = ipaddress.ip_network(text)
        found.append((int(net.network_address), int(net.broadcast_address), why))
    return tuple(found)


_RANGES_4, _RANGES_6 = _ranges(_NOT_PUBLIC_4), _ranges(_NOT_PUBLIC_6)
_GLOBAL_6 = range(0x2000 << 112, 0x4000 << 112)
_ISATAP = 0x5EFE
_ISATAP_MASK = 0xFDFF_FFFF
"""``::0:5efe:a.b.c.d`` and ``::200:5efe:a.b.c.d`` below any prefix lead to that IPv4 address."""


def address_problem(address: str) -> str | None:
    """Why nothing may be fetched from ``address``, as a resolver spells it: a few words, or None
    when it is globally reachable unicast. What is no address is refused."""
    if "%" in address:
        return "link-local"  # a scope names an interface of this machine
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "not an address"
    number = int(found)
    if found.version == 4:
        return _named(number, _RANGES_4)
    problem = _named(number, _RANGES_6)
    if problem is None and number not in _GLOBAL_6:
        return "reserved"
    if problem is None and (number >> 32) & _ISATAP_MASK == _ISATAP:
        return "an IPv4 address behind ISATAP"
    return problem


def _named(number: int, ranges: tuple[tuple[int, int, str], ...]) -> str | None:
    return next((why for first, last, why in ranges if first <= number <= last), None)
