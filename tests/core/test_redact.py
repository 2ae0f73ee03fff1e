from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from taskboard.core.redact import HELD, REDACTED, Redactor, secrets_of

SECRET = "hunter2-and-more/än==x"
KEY = (
    "-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf\n"
    "9Cnzj4p4WGeKLs1Pt8Qu\n-----END RSA PRIVATE KEY-----"
)
TOKENS = {
    "aws": "AKIA" + "IOSFODNN7EXAMPLE",
    "github": "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "github fine-grained": "github_pat_" + "11ABCDEFG0abcdefghijkl_" + "x" * 59,
    "openai": "sk-" + "proj-abcdefghijklmnopqrstuvwxyz0123456789",
    "anthropic": "sk-" + "ant-api03-abcdefghijklmnopqrstuvwxyz_0123456789-AA",
    "slack": "xoxb-" + "123456789012-123456789012-abcdefghijklmnopqrstuvwx",
    "google": "AIza" + "SyA-1234567890abcdefghijklmnopqrstuv",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
}


def stream(redactor: Redactor, pieces: list[str]) -> str:
    mine = redactor.fresh()
    return "".join(map(mine.feed, pieces)) + mine.flush()


def cut(text: str, places: list[int]) -> list[str]:
    ends = sorted({min(place, len(text)) for place in places})
    return [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS.keys())
def test_a_token_of_a_known_shape_is_taken_out_whole(token):
    assert Redactor().redact(f"key={token}, next") == f"key={REDACTED}, next"


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS.keys())
def test_a_token_cut_anywhere_is_taken_out(token):
    text = f"a {token} b"
    for place in range(len(text)):
        assert stream(Redactor(), [text[:place], text[place:]]) == f"a {REDACTED} b"


def test_a_token_longer_than_what_is_held_back_is_taken_out_to_its_end():
    text = f"x ghp_{'a1' * HELD} y"
    assert stream(Redactor(), cut(text, list(range(0, len(text), 50)))) == f"x {REDACTED} y"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdefgh12345678", f"Authorization: Bearer {REDACTED}"),
        ("authorization: Basic dXNlcjpwYXNz", f"authorization: Basic {REDACTED}"),
        ('{"x-api-key": "0123456789"}', f'{{"x-api-key": "{REDACTED}"}}'),
        ("postgresql://me:pa55@db:5432/x", f"postgresql://me:{REDACTED}@db:5432/x"),
        ("https://:tok@host/", f"https://:{REDACTED}@host/"),
        (f"a\n{KEY}\nb", f"a\n{REDACTED}\nb"),
        (json.dumps({"k": KEY}), f'{{"k": "{REDACTED}"}}'),
    ],
)
def test_headers_urls_and_key_blocks_lose_only_the_secret(text, shown):
    assert Redactor().redact(text) == shown
    assert stream(Redactor(), list(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "task-board-is-a-long-word-with-sk-in-it",
        "http://localhost:3000/users/@me",
        "the bearer of news; basic authentication",
        "commit 4a4c615e9f0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d",
        "keyboard eyJ. AKIA ghp_ xoxb-",
    ],
)
def test_ordinary_text_stays_as_it_is(text):
    assert Redactor(["x" * 7]).redact(text) == text


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        quote(SECRET, safe="").lower(),
        json.dumps(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_every_usual_spelling_of_a_secret_is_taken_out(spelled):
    shown = Redactor([SECRET]).redact(f"<{spelled}>")
    assert REDACTED in shown
    assert len(shown) <= len(REDACTED) + 6


@given(st.binary(max_size=9), st.binary(max_size=9))
def test_base64_of_a_text_with_a_secret_in_it_does_not_carry_the_secret(before, after):
    coded = base64.b64encode(before + SECRET.encode() + after).decode()
    assert REDACTED in Redactor([SECRET]).redact(coded)


def test_base64_wrapped_into_lines_is_taken_out():
    secret = "0123456789abcdef" * 20
    shown = Redactor([secret]).redact(base64.encodebytes(secret.encode()).decode())
    assert shown.replace(REDACTED, "").strip() == ""


def test_a_long_secret_leaves_one_mark():
    secret = "".join(chr(97 + n % 26) + str(n) for n in range(3000))
    assert Redactor([secret]).redact(f"<{secret}>") == f"<{REDACTED}>"


def test_overlapping_secrets_leave_one_mark():
    assert Redactor(["abcdefghij", "ghijklmnop"]).redact("-abcdefghijklmnop-") == f"-{REDACTED}-"


def test_a_lone_key_header_costs_a_bounded_piece_of_text():
    line = "plain words here\n"
    shown = Redactor().redact("-----BEGIN PRIVATE KEY-----\n" + line * 4000)
    assert shown.startswith(REDACTED)
    assert shown.endswith(line * 1000)


def test_a_second_key_header_renews_the_patience():
    block = "-----BEGIN PRIVATE KEY-----\n" + "QUJDREVG\n" * 3000
    assert Redactor().redact(block + block + "-----END PRIVATE KEY-----.") == f"{REDACTED}."


def test_a_whole_line_is_shown_at_once():
    stream = Redactor([SECRET, "two\nlines of it"])
    assert stream.feed("working\nhalf") == "working\n"
    assert stream.feed(" done\r") == "half done\r"


def test_the_beginning_of_a_secret_of_two_lines_is_held_back():
    stream = Redactor(["first\nsecond"])
    assert stream.feed("a first\n") == "a "
    assert stream.feed("second\n") == f"{REDACTED}\n"


def test_what_is_held_back_is_bounded():
    stream, shown = Redactor([SECRET]), 0
    for number in range(1, 200):
        shown += len(stream.feed("x" * 100))
        assert number * 100 - shown <= HELD
    assert shown + len(stream.flush()) == 199 * 100


PIECES = (
    *(
        SECRET,
        KEY,
        *(f" {token}" for token in TOKENS.values()),
        "first\nsecond",
        "secondfi",
        "-----END PRIVATE KEY-----",
    ),
    *("-----BEGIN PRIVATE KEY-----", "://a:", "@", "Bearer ", "sk-", "eyJ", ".", "-----"),
    *("authorization: ", "\n", "\r", " ", "AKIA", "A" * 16, "x" * 700),
)
LINES = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=14)
SECRETS = [SECRET, "first\nsecond", "secondfi", "aaaaaaaa"]


@settings(deadline=None)
@given(LINES, st.lists(st.integers(0, 3000), max_size=8))
@example(["sk-", "A" * 16, "A" * 16, "eyJ"], [3, 5, 20])
@example(["-----BEGIN PRIVATE KEY-----END PRIVATE KEY-----", "x"], [27, 30])
@example(["x", "first\nsecondfi", "rst\nsecond"], [4, 8])
def test_any_split_gives_the_same_text_and_no_secret_in_it(parts, places):
    text = "".join(parts)
    redactor = Redactor(SECRETS)
    whole = redactor.redact(text)
    assert stream(redactor, cut(text, places)) == whole
    assert not [secret for secret in (*SECRETS, *TOKENS.values()) if secret in whole]


@settings(deadline=None, max_examples=40)
@given(LINES)
def test_character_by_character_gives_the_same_text(parts):
    text = "".join(parts)
    redactor = Redactor(SECRETS)
    assert stream(redactor, list(text)) == redactor.redact(text)


@given(st.lists(st.text(min_size=8), max_size=4), st.text())
def test_no_secret_survives_whatever_it_looks_like(secrets, text):
    assume_secrets = [s for s in secrets if s not in REDACTED]
    shown = Redactor(assume_secrets).redact("".join([text, *assume_secrets, text]))
    assert not [s for s in assume_secrets if s in shown.replace(REDACTED, "")]


@pytest.mark.parametrize(
    "word",
    ["sk-", "eyJ", "a", "://:", "-----BEGIN ", "bearer ", "AKIA", "authorization: "],
)
def test_hostile_text_takes_linear_time(word):
    redactor = Redactor(["a" * 8, SECRET])
    began = time.perf_counter()
    redactor.redact(word * (300_000 // len(word)))
    assert time.perf_counter() - began < 10


def test_secrets_are_the_long_values_of_variables_with_telling_names():
    environ = {
        "MY_API_KEY": "0123456789",
        "db_password": "pass word",
        "X_TOKEN": "short",
        "ClientSecret": "abcdefgh",
        "HOME": "/home/somebody",
    }
    assert secrets_of(environ) == ("0123456789", "pass word", "abcdefgh")


def test_data_is_redacted_in_keys_lists_and_depths():
    data = {"a": [SECRET, 1, None, {SECRET: True}], "b": 1.5}
    assert Redactor([SECRET]).redact_data(data) == {
        "a": [REDACTED, 1, None, {REDACTED: True}],
        "b": 1.5,
    }


WORDS = st.sampled_from(["\n", '"', "\\", "ask-", " ", SECRET, 'quo"te\ted', *TOKENS.values()])
TEXTS = st.lists(WORDS | st.text(max_size=4), max_size=4).map("".join)


@settings(max_examples=200)
@given(st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS, max_size=3) | st.integers(), max_size=3))
def test_data_is_redacted_as_each_of_its_texts_is(data):
    redactor = Redactor([SECRET, 'quo"te\ted'])

    def each(value):
        if isinstance(value, str):
            return "".join(stream(redactor, [value]))
        return [each(one) for one in value] if isinstance(value, list) else value

    assert redactor.redact_data(data) == {each(key): each(one) for key, one in data.items()}


def test_a_secret_that_is_no_utf8_is_taken_out_of_decoded_output():
    raw = b"caf\xe9-au-lait"
    secret = raw.decode("utf-8", "surrogateescape")
    assert Redactor([secret]).redact(raw.decode("utf-8", "replace")) == REDACTED
