"""E-mail addresses, replaced by addresses at example.com (RFC 2606, section 3)."""

import re
from collections.abc import Iterator

from pipelines.mask.replacement import drawn, replace_spans
from pipelines.mask.top_levels import TOP_LEVELS

LOCAL_PART = re.compile(r"[\w.%+'-]{1,64}\Z")
DOMAIN = re.compile(
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}([a-z]{2,24})(?![\w(\[@]|-\w|\.\w)", re.IGNORECASE
)
RESERVED = re.compile(r"[@.](?:example\.(?:com|org|net)|example|invalid|test|localhost)\Z", re.IGNORECASE)
USER_OF_A_URL = re.compile(r"://[^\s/]{0,200}\Z")
NOT_A_PERSON = ("git", "hg", "svn")  # the user names of version control's servers


def mask_emails(text: str) -> tuple[str, int]:
    """Addresses replaced by ``user-`` and eight digits at example.com; reserved domains and users in URLs stay."""
    return replace_spans(text, addresses(text), replacement) if "@" in text else (text, 0)


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where the addresses of a text begin and end."""
    end_of_last = 0
    for domain in DOMAIN.finditer(text):
        local = LOCAL_PART.search(text, max(end_of_last, domain.start() - 64), domain.start())
        if local is None or domain[1].lower() not in TOP_LEVELS or local[0].endswith("."):
            continue
        start = local.end() - len(local[0].lstrip(".'-+%"))
        if start == local.end() or USER_OF_A_URL.search(text, max(0, start - 210), start):
            continue
        yield start, domain.end()
        end_of_last = domain.end()


def replacement(address: str) -> str | None:
    if RESERVED.search(address) or address.startswith(tuple(f"{name}@" for name in NOT_A_PERSON)):
        return None
    return f"user-{drawn(address.lower()) >> 32:08x}@example.com"
