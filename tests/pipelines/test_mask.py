"""Personal data and secrets are replaced, the same value by the same replacement, and nothing else is touched."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.mask import MASKS, Kind, Masks, mask_text
from pipelines.mask.cards import check_digit

ALL = tuple(MASKS)
RANDOM_KEY = "q8Zr2mVx7LpK4tYw9BsD3nHc"


def masked(text: str, *kinds: Kind) -> str:
    return mask_text(text, kinds or ALL)[0]


PLANTED: list[tuple[Kind, str, str]] = [
    ("email", "write to jane.doe+lists@mail.acme.co.uk, please", r"write to user-[0-9a-f]{8}@example\.com, please"),
    ("email", "# Author: Zoë <zoë@uni-köln.de>", r"# Author: Zoë <zoë@uni-köln.de>"),  # a domain is written in ASCII
    ("email", "mailto:info@firm.museum?subject=x", r"mailto:user-[0-9a-f]{8}@example\.com\?subject=x"),
    ("ip", "from 93.184.216.34:8080 on", r"from (192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}:8080 on"),
    ("ip", "http://93.184.216.34/24", r"http://(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}/24"),
    ("ip", "[2607:f8b0:4005:805::200e]", r"\[2001:db8::[0-9a-f]{1,4}:[0-9a-f]{1,4}\]"),
    ("phone", "call (212) 736-5000 or 212.736.5001", r"call \([2-9]\d\d\) 555-01\d\d or [2-9]\d\d\.555\.01\d\d"),
    ("phone", "Tel.: 030 123456-78", r"Tel\.: \d{3} \d{6}-\d{2}|Tel\.: \+1 [2-9]\d\d-555-01\d\d"),
    ("phone", "ring +49 30 1234567, now", r"ring \+1 [2-9]\d\d-555-01\d\d, now"),
    ("phone", "1-800-736-5000", r"1-[2-9]\d\d-555-01\d\d"),
    ("phone", "Mobil +33 (0)6 12 34 56 78.", r"Mobil \+1 [2-9]\d\d-555-01\d\d\."),
    ("card", "card 4532 0151 1283 0366 12/29", r"card 4000 00\d\d \d{4} \d{4} 12/29"),
    ("card", "378734493671000", r"400000\d{9}"),
    ("key", "id AKIAIOSFODNN7ABCDEFG.", r"id KEY_[0-9a-f]{8}\."),
    ("key", "ghp_" + "a1B2" * 9, r"KEY_[0-9a-f]{8}"),
    ("key", "xoxb-123456789012-abcdefABCDEF", r"KEY_[0-9a-f]{8}"),
    ("key", "AIza" + "Sy-" * 11 + "ab", r"KEY_[0-9a-f]{8}"),
    (
        "key",
        "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_X",
        r"Bearer KEY_[0-9a-f]{8}",
    ),
    ("key", f'api_key = "{RANDOM_KEY}"', r'api_key = "KEY_[0-9a-f]{8}"'),
    ("key", f"  client-secret: '{RANDOM_KEY}'", r"  client-secret: 'KEY_[0-9a-f]{8}'"),
    ("key", f"export ACCESS_TOKEN={RANDOM_KEY}\n", r"export ACCESS_TOKEN=KEY_[0-9a-f]{8}\n"),
    ("key", f'{{"password": "{RANDOM_KEY}"}}', r'\{"password": "KEY_[0-9a-f]{8}"\}'),
    ("key", "postgres://app:s3cr3tpw@db.acme.com/x", r"postgres://app:KEY_[0-9a-f]{8}@db\.acme\.com/x"),
    (
        "key",
        "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEA\n" * 9 + "-----END RSA PRIVATE KEY-----\n",
        r"-----BEGIN RSA PRIVATE KEY-----\nKEY_[0-9a-f]{8}\n-----END RSA PRIVATE KEY-----\n",
    ),
]


@pytest.mark.parametrize(("kind", "text", "pattern"), PLANTED)
def test_each_kind_is_replaced_by_a_value_of_its_form(kind: Kind, text: str, pattern: str) -> None:
    assert re.fullmatch(pattern, masked(text))


UNTOUCHED = [
    "bob@example.com, it@sub.example.org, me@here.invalid",
    "git clone git@github.com:owner/project.git",
    "ssh://deploy@build.acme.com/srv and x @ self.weight, W@x.to(device), A@B.T, logo@2x.png",
    "10.0.0.1 192.168.1.20 127.0.0.1 0.0.0.0 255.255.255.0 192.0.2.7 169.254.3.4",
    "version 81.2.30.4, v73.0.40.1, Chrome/41.0.22.80, pkg-91.2.3.4.tar.gz, >=21.3.44.5, 1.2.3.4, section 12.1.3.2",
    "::1 fe80::1 2001:db8::7 12:30:45 std::vector a::b 2008:: 2023:10:05",
    "2012-11-05 14:30:00 200 300 4000 3.14159265358979 1000000000 x+1234567890 0x7fffffff",
    "(212) 555-0123 and +1 646-555-0199",
    "4111 1111 1111 1111, 4242424242424242 and 4532 0151 1283 0367",
    "4488 4950 3630 1804 588  114 10   0.4532015112830366   id_4532015112830366",
    "sk-container-with-a-very-long-name-that-is-a-class task-4f9a8b7c6d5e4f9a8b7c6d5e4f9a8b7c6d5e",
    'tokenizer = "gpt2-large-uncased-whole" token_url: "/oauth2/v1/token_endpoint/path"',
    'password = "your-password-goes-here1" api_key = "XXXXXXXXXXXXXXXXXXXX"',
    "https://user:password@host.com and https://<user>:<password>@host",
    "foreign_key = some_function_name_2_of_a_module",
]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_only_looks_alike_stays(text: str) -> None:
    assert mask_text(text, ALL) == (text, Counter())


def test_a_value_has_one_replacement_wherever_and_however_often_it_stands() -> None:
    alone = masked("Jane@Acme.com")
    assert masked("to jane@acme.com and jane@acme.com; not john@acme.com").count(alone) == 2
    assert masked("4532-0151-1283-0366").replace("-", "") == masked("4532015112830366")


def test_replacements_tell_values_apart() -> None:
    addresses = {masked(f"person{number}@acme.com") for number in range(2000)}
    assert len(addresses) == 2000


def test_replaced_cards_have_a_valid_check_digit() -> None:
    digits = masked("4532015112830366")
    assert digits != "4532015112830366"
    assert check_digit(digits[:-1]) == digits[-1]


def test_only_the_kinds_asked_for_are_masked_and_each_is_counted() -> None:
    text = "a@acme.com b@acme.com from 93.184.216.34"
    assert mask_text(text, ("ip",)) == (masked(text, "ip"), Counter(ip=1))
    assert mask_text(text, ALL)[1] == Counter(email=2, ip=1)
    assert masked(text, "ip").startswith("a@acme.com b@acme.com from ")


def test_kinds_are_declared_as_a_list_or_one_by_one() -> None:
    assert Masks.model_validate(["ip", "email"]) == Masks(email=True, ip=True)
    assert Masks.model_validate({"key": True, "ip": False}).kinds == ("key",)
    assert Masks().kinds == ()
    with pytest.raises(ValidationError):
        Masks.model_validate(["emails"])


PIECES = st.sampled_from(
    [text for _, text, _ in PLANTED]
    + UNTOUCHED
    + [
        "+",
        "-",
        ".",
        " ",
        "(",
        ")",
        ":",
        "/",
        "@",
        "1",
        "42",
        "555",
        "0100",
        "2001:",
        "example.com",
        "a",
        "\n",
        "é",
        "٣",
        "Tel ",
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(alphabet="0123456789-. ()+@:/abcKEY_=\"'", max_size=20)), max_size=12))
def test_masked_text_stays_as_it_is_when_it_is_masked_again(pieces: list[str]) -> None:
    once = masked("".join(pieces))
    assert mask_text(once, ALL) == (once, Counter())


@pytest.mark.parametrize(
    "unit",
    ["a", "1", "1 ", "+1", "@", "a@", "a.", "1.", "2001:", ":", "://a:", "eyJ", "KEY-----", "token='", "-", "0000"],
)
def test_text_without_end_is_masked_in_time_that_grows_with_its_length(unit: str) -> None:
    text = unit * (400_000 // len(unit))
    assert masked(text) == text
