"""Reading URLs: what is not plainly one public place is refused, and each place is read once."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.addresses import address_problem
from taskboard.core.urls import MAX_URL, Target, read_url, redirected

PLACEHOLDERS = """
http://localhost:3000/x https://LOCALHOST https://localhost./ https://a.localhost/ http://127.0.0.1
https://example.com/a https://www.example.org https://EXAMPLE.net./ https://a.example/
https://127.0.0.1 https://127.0.0.1./ https://127.1/ https://127.0.1/ https://0/ https://0.0.0.0/
https://2130706433/ https://0x7f000001/ https://0X7F000001/ https://0x7f.1/ https://0x7f.0.0.0x1/
https://0177.0.0.1/ https://017700000001/ https://00000177.1/ https://127.0.0.1:443/ https://0x/
https://[::1]/ https://[::1]:443/ https://[::]/ https://[::ffff:10.0.0.1]/ https://[::ffff:7f00:1]/
https://[64:ff9b::7f00:1]/ https://[2002:7f00:1::]/ https://[2001:0:1::1]/ https://[fe80::1%25lo]/
https://[fe80::1%lo]/ https://[fd00:ec2::254]/ https://[v1.x]/ https://[::1 https://[]/
https://169.254.169.254/latest/meta-data/ https://2852039166/ https://0xa9fea9fe/
https://192.168.1.4/x https://10.0.0.1/ https://172.16.0.1/ https://100.64.0.1/ https://8.8.8.8/x
https://1.1.1.1/ https://224.0.0.1/ https://255.255.255.255/
https://127。0。0。1/ https://127．0．0．1/ https://127｡0｡0｡1/ https://１２７.0.0.1/ https://①②⑦.0.0.1/
https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/ https://ｌｏｃａｌｈｏｓｔ/ https://example。com/ https://localhost。/
https://metadata.google.internal/ https://metadata/ https://intranet/x https://printer.local/
https://router.lan/ https://nas.home.arpa/ https://x.test/ https://x.invalid/ https://x.corp/
https://a.onion/
https://a.dev/smoke/1 https://a.dev/SMOKE/1 https://a.dev/smoke https://a.dev/%73moke/1
https://a.dev/x/remediate/ https://a.dev/x/remediate?a=b
""".split()

REFUSED = """
http://github.com/x ftp://github.com/x file:///etc/passwd file://github.com/etc gopher://github.com/
javascript:alert(1) data:text/plain,x //github.com/x github.com/x https: https:/ https:// https:///x
https:github.com/x https:/github.com/x https://?x https://#x
https://a:b@github.com/ https://a@github.com/ https://@github.com/ https://github.com@127.0.0.1/
https://127.0.0.1@github.com/ https://github.com%40127.0.0.1/ https://github.com＠127.0.0.1/
https://github.com\\@127.0.0.1/ https:\\\\github.com https://github.com\\x https://github.com/\\x
https://github.com:80/ https://github.com:8443/ https://github.com:0/ https://github.com:22/
https://github.com:443:443/ https://github.com:x/ https://github.com:-1/ https://github.com:4４3/
https://github.com:99999999/ https://exa%6dple.com/ https://%31%32%37.0.0.1/ https://a.dev%00.b.dev/
https://-a.dev/ https://a-.dev/ https://a..dev/ https://.a.dev/ https://a.dev../ https://a_b.d!v/
https://a,b.dev/ https://a;b.dev/ https://faß.de/ https://a／b.dev/ https://a？b.dev/ https://a＃b.dev/
https://xn--/ https://a.dev/"x" https://a.dev/<x> https://a.dev/{x}
https://a.dev/`x` https://a.dev/x|y https://a.dev/x^y
""".split()

SPLIT = [
    "https://a.dev/ x",
    " https://a.dev/",
    "https://a.dev/\n",
    "https://a.dev\t/",
    "https://a.dev/\r\nHost: b.dev",
    "https://a\0.dev/",
    "https://a.dev/\x7f",
    "https://a\u200b.dev/",
    "https://a\u202e.dev/",
    "https://a.dev/\u2028",
    "https://a.dev/\ud800",
    "",
    "https://" + "a." * 200 + "dev/",
    "https://" + "a" * 64 + ".dev/",
    "https://a.dev/" + "x" * MAX_URL,
]


@pytest.mark.parametrize("url", PLACEHOLDERS)
def test_places_that_are_nobody_s_proof_are_placeholders(url):
    assert "placeholder" in read_url(url)


@pytest.mark.parametrize("url", [*REFUSED, *SPLIT])
def test_what_is_no_plain_public_https_url_is_refused(url):
    assert isinstance(read_url(url), str)


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://github.com/a/b/pull/1", "github.com", "/a/b/pull/1"),
        ("HTTPS://GitHub.COM:443/A", "github.com", "/A"),
        ("https://github.com", "github.com", "/"),
        ("https://github.com.?a=b#c", "github.com", "/?a=b"),
        ("https://github.com/a b".replace(" ", "%20"), "github.com", "/a%20b"),
        ("https://münchen.de/ä?ö=ü#ß", "xn--mnchen-3ya.de", "/%C3%A4?%C3%B6=%C3%BC"),
        ("https://a。dev/x", "a.dev", "/x"),
        ("https://a_b.dev/", "a_b.dev", "/"),
        ("https://1password.com/", "1password.com", "/"),
        ("https://a.dev/?next=https://localhost/smoke/", "a.dev", None),
        ("https://localhost.dev/", "localhost.dev", "/"),
        ("https://myexample.com/", "myexample.com", "/"),
        ("https://a.dev/smoked/", "a.dev", "/smoked/"),
    ],
)
def test_a_public_url_is_read_into_what_is_asked_for(url, host, path):
    found = read_url(url)

    assert isinstance(found, Target), found
    assert found.host == host
    assert path is None or found.path == path
    assert read_url(found.url) == found


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/y", "https://a.dev/y"),
        ("y?z", "https://a.dev/x/y?z"),
        ("//b.dev/y", "https://b.dev/y"),
        ("https://b.dev/y", "https://b.dev/y"),
        (" https://b.dev/y ", "https://b.dev/y"),
    ],
)
def test_a_redirect_is_read_from_where_it_stands(location, url):
    assert redirected(Target(host="a.dev", path="/x/z"), location) == read_url(url)


@pytest.mark.parametrize(
    "location",
    [
        "http://a.dev/",
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "//[::1]/",
        "//169.254.169.254/x",
        "//b@c.dev/",
        "https://[::1",
        "file:///etc/passwd",
        "gopher://b.dev:70/",
        "https://b.dev:8443/",
        "\\\\b.dev\\x",
        "/\\b.dev/",
        "/a\r\nX: y",
        "/smoke/",
        "//b.dev\x00/",
    ],
)
def test_a_redirect_to_anything_else_is_refused(location):
    assert isinstance(redirected(Target(host="a.dev", path="/x/z"), location), str)


alphabet = st.sampled_from(
    [*"abz019.-_:/?#[]@%\\ \t\n\0~!$&'()*+,;=<>\"`{|}^", *"。．ß１ⓛ\u200b\u202eé"]
)


@given(st.text(alphabet=alphabet, max_size=40).map("https://".__add__))
def test_whatever_is_read_can_be_sent_as_it_is_and_names_no_address(url):
    found = read_url(url)
    if isinstance(found, Target):
        assert re.fullmatch(r"[a-z0-9_.-]+", found.host)
        assert "." in found.host
        assert re.fullmatch(r"/[!-~]*", found.path)
        assert "#" not in found.path
        assert address_problem(found.host) == "not an address"
        assert read_url(found.url) == found
