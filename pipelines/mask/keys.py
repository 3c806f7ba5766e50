"""Keys, tokens and passwords, replaced by ``KEY_`` and eight digits.

The forms are those that their issuers publish, as https://github.com/gitleaks/gitleaks collects them; what is assigned
to a name such as ``api_key`` is one if it looks drawn at random.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain, pairwise

from pipelines.mask.replacement import drawn, replace_spans


def ending_in(character: str, forms: Mapping[str, str]) -> re.Pattern[str]:
    """The pattern of keys by their beginnings, all of which end in one character, and what follows each.

    A search for one rare character is ten times faster than one for any pattern: so it comes first, and the beginning
    is looked back for. It is the one group that matches. The key is no part of a longer word.
    """
    alternatives = "|".join(rf"(?<=({start}))(?<![\w-]{start}){rest}" for start, rest in forms.items())
    return re.compile(f"{re.escape(character)}(?:{alternatives})")


ISSUED = (
    ending_in("I", {r"A[KS]I": r"A[0-9A-Z]{16}\b"}),  # Amazon Web Services
    ending_in("z", {r"AIz": r"a[\w-]{35}(?![\w-])"}),  # Google
    ending_in("J", {r"eyJ": r"[\w-]{10,4000}\.eyJ[\w-]{10,4000}\.[\w-]{10,4000}"}),  # a JSON Web Token (RFC 7519)
    ending_in(
        "_",
        {
            r"gh[oprsu]_": r"[0-9A-Za-z]{36,255}\b",  # GitHub
            r"github_pat_": r"\w{22,255}\b",
            r"[rs]k_live_": r"[0-9A-Za-z]{16,250}\b",  # Stripe
            r"hf_": r"[0-9A-Za-z]{34}\b",  # Hugging Face
            r"npm_": r"[0-9A-Za-z]{36}\b",
        },
    ),
    ending_in(
        "-",
        {
            r"glpat-": r"[\w-]{20,100}",  # GitLab
            r"xox[abeoprs]-": r"[0-9A-Za-z-]{10,250}",  # Slack
            r"sk-": r"(?:(?:proj|svcacct|ant-\w{3,10})-[\w-]{32,250}|[0-9A-Za-z]{32,64}\b)",  # OpenAI, Anthropic
            r"pypi-": r"AgEIcHlwaS5vcmc[\w-]{50,250}",
        },
    ),
    ending_in(
        ".",
        {
            r"SG\.": r"[\w-]{22}\.[\w-]{43}(?![\w-])",  # SendGrid
            r"ya29\.": r"[\w-]{30,500}",  # Google
        },
    ),
)
ENCLOSED = (
    re.compile(r"-(?<=KEY-)----(?P<secret>(?:[^-]|-(?!----)){40,20000})-----END"),  # PEM (RFC 7468)
    # A password in a URL (RFC 3986, section 3.2.1).
    re.compile(r"://[^\s:/@\"'<>{}$]{1,100}:(?P<secret>[^\s:/@\"'<>{}$*]{3,100})@"),
    re.compile(r"\.(?<=hooks\.)slack\.com/services/(?P<secret>[0-9A-Za-z/]{20,100})"),
)
QUOTED = r"[bru]?(?P<quote>[\"'`])(?P<quoted>(?=[^\s\"'`0-9]{0,200}[0-9])[^\s\"'`]{16,200})(?P=quote)"
BARE = r"(?P<bare>(?=[A-Za-z+/_-]{0,200}[0-9])[0-9A-Za-z+/=_-]{20,200})(?=\s|$)"
VALUE = rf"[ \t]{{0,3}}(?:{QUOTED}|{BARE})"
ASSIGNED = (re.compile(rf"=>?{VALUE}"), re.compile(rf":=?{VALUE}"))
NAME = re.compile(
    r"(?:secret|token|passw|pwd|api_?key|access_?key|auth_?key|[_-]key|credential)[\w-]{0,30}[\"']?\]?[ \t:]{0,3}\Z",
    re.IGNORECASE,
)
LONGEST_NAME = 60
NOT_RANDOM = re.compile(
    r"example|x{4}|your|change|dummy|fake|sample|placeholder|password|secret|://|[{}<>$()]|\.\.|^/|0123456|12345678|abcdef",
    re.IGNORECASE,
)
PLACEHOLDERS = ("pass", "password", "passwd", "pwd", "secret", "token", "xxx")
MIN_BITS_PER_CHARACTER = 3.0
MIN_CHANGES_PER_CHARACTER = 0.2  # between small letters, capitals and digits; words have fewer
MASKED = re.compile(r"KEY_[0-9a-f]{8}")


def mask_keys(text: str) -> tuple[str, int]:
    """Issued keys, private key blocks, passwords in URLs and random values of named secrets replaced."""
    return replace_spans(text, secrets(text), replacement)


def secrets(text: str) -> Iterator[tuple[int, int]]:
    """Where the secrets of a text begin and end; of those that overlap, the first."""
    issued = ((key.start(key.lastindex or 0), key.end()) for form in ISSUED for key in form.finditer(text))
    enclosed = (found.span("secret") for form in ENCLOSED for found in form.finditer(text))
    end_of_last = 0
    for start, end in sorted(chain(issued, enclosed, assigned(text))):
        if start >= end_of_last:
            yield start, end
            end_of_last = end


def assigned(text: str) -> Iterator[tuple[int, int]]:
    """Where the values begin and end that look random and are assigned to the name of a secret."""
    for form in ASSIGNED:
        for value in form.finditer(text):
            group = "quoted" if value["quoted"] else "bare"
            if NAME.search(text, max(0, value.start() - LONGEST_NAME), value.start()) and is_random(value[group]):
                yield value.span(group)


def is_random(value: str) -> bool:
    """Whether a value looks drawn at random: many bits to a character, and letters and digits mixed."""
    if NOT_RANDOM.search(value) or sum(character.isdigit() for character in value) < 2:
        return False
    changes = sum(kind(first) != kind(second) for first, second in pairwise(value))
    return entropy(value) >= MIN_BITS_PER_CHARACTER and changes >= MIN_CHANGES_PER_CHARACTER * len(value)


def kind(character: str) -> int:
    return 2 * character.isdigit() + character.isupper()


def entropy(value: str) -> float:
    """Bits per character of a value, from how often each character stands in it (Shannon 1948)."""
    return -sum(count / len(value) * math.log2(count / len(value)) for count in Counter(value).values())


def replacement(secret: str) -> str | None:
    value = secret.strip()
    if MASKED.fullmatch(value) or value.lower() in PLACEHOLDERS:
        return None
    return secret.replace(value, f"KEY_{drawn(value) >> 32:08x}")
