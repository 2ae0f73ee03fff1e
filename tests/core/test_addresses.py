"""Which addresses may be fetched from. What the standard library calls global is the second
opinion: nothing passes here that it holds back."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.addresses import _NOT_PUBLIC_4, _NOT_PUBLIC_6, address_problem

REFUSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1
127.255.255.254 168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255
192.0.0.1 192.0.0.192 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.255
192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 233.252.0.1
239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::7f00:1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:8.8.8.8
::ffff:169.254.169.254 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::127.0.0.1 64:ff9b::8.8.8.8
64:ff9b:1::1 64:ff9b:1:ffff::a00:1 100::1 100:0:0:1::1 1000::1 1fff:ffff::1 2001::1
2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:1::1 2001:2::1 2001:10::1 2001:20::1 2001:1ff::1
2001:db8::1 2001:db8:ffff::1 2002::1 2002:7f00:1::1 2002:a00:1::1 2002:808:808::1 2620:4f:8000::1
2a00:1450:4001::5efe:10.0.0.1 2a00:1450:4001::200:5efe:7f00:1 3ffe::1 3fff::1 3fff:fff::1 4000::1
5f00::1 8000::1 c000::1 fc00::1 fd00::1 fd00:ec2::254 fd20:ce::254 fe80::1 fe80::1%lo fe80::1%1
fe80::a9fe:a9fe%eth0 febf::1 fec0::1 feff::1 ff00::1 ff02::1 ff05::2 ff0e::1
2606:4700::1%eth0 127.1 0177.0.0.1 0x7f000001 2130706433 127.0.0.1:80 [::1] localhost 1.2.3
8.8.8.8/32
""".split()

PASSED = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 93.184.216.34 100.63.255.255 100.128.0.0 126.255.255.255
128.0.0.0 168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0
192.0.1.1 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255 203.0.114.0
223.255.255.255
2000::1 2001:200::1 2001:4860:4860::8888 2001:db7::1 2001:db9::1 2003::1 2606:4700::1111
2a00:1450:4001:831::200e 2620:4f:7fff::1 3ffd::1 3fff:1000::1
""".split()


@pytest.mark.parametrize("address", [*REFUSED, "", " ", "1.1.1.1 ", "１.1.1.1", "\0"])
def test_no_other_address_than_a_public_one_passes(address):
    assert address_problem(address)


@pytest.mark.parametrize("address", PASSED)
def test_public_addresses_pass(address):
    assert address_problem(address) is None


NETS = [ipaddress.ip_network(net) for net in (*_NOT_PUBLIC_4, *_NOT_PUBLIC_6)]


@pytest.mark.parametrize("net", NETS, ids=str)
def test_every_net_is_refused_to_its_edges(net):
    first, last = net.network_address, net.broadcast_address
    for address in (first, first + (int(last) - int(first)) // 2, last):
        assert address_problem(str(address)), address


near = st.builds(
    lambda net, step, end: (net.version, int(net[-1 if end else 0]) + step),
    st.sampled_from(NETS),
    st.integers(-3, 3),
    st.booleans(),
)
anywhere = st.tuples(st.just(4), st.integers(0, 2**32 - 1)) | st.tuples(
    st.just(6), st.integers(0, 2**128 - 1)
)


def made(version, number):
    if version == 4:
        return ipaddress.IPv4Address(number % 2**32)
    return ipaddress.IPv6Address(number % 2**128)


@given(near | anywhere)
def test_what_passes_is_globally_reachable_unicast_of_its_own_kind(drawn):
    address = made(*drawn)
    if address_problem(str(address)) is None:
        assert address.is_global
        assert not any((address.is_multicast, address.is_reserved, address.is_unspecified))
        if address.version == 6:
            assert 0x2000 <= int(address) >> 112 < 0x4000
            assert address.ipv4_mapped is None
            assert address.sixtofour is None
            assert address.teredo is None


@given(st.integers(0, 2**32 - 1))
def test_no_ipv4_address_passes_in_the_clothes_of_ipv6(number):
    forms = [
        number,
        0xFFFF << 32 | number,
        0x0064_FF9B << 96 | number,
        0x2002 << 112 | number << 80 | 1,
        0x2001 << 112 | number ^ 0xFFFF_FFFF,
        0x2A00_1450 << 96 | 0x5EFE << 32 | number,
    ]
    for form in forms:
        assert address_problem(str(ipaddress.IPv6Address(form)))


@given(st.text(max_size=50))
def test_any_text_is_judged_and_what_is_no_address_never_passes(text):
    if address_problem(text) is None:
        assert ipaddress.ip_address(text).is_global
