"""Personal data and secrets replaced in text.

Each kind has one module with one function, which gives the text and how many values it replaced. A replacement is made
from the value alone, so the same value has the same replacement in every document, in whatever order they come. It is
of the same form, and lies where no person can be reached: what documents may be written with, or a reserved range. So
masked text stays as it is when it is masked again.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import model_validator

from pipelines.declared import Declared
from pipelines.mask.cards import mask_cards
from pipelines.mask.emails import mask_emails
from pipelines.mask.ip_addresses import mask_ip_addresses
from pipelines.mask.keys import mask_keys
from pipelines.mask.phones import mask_phones

Kind = Literal["key", "email", "card", "ip", "phone"]

# In this order: a password in a URL is no part of an e-mail address, nor a card's number that of a phone.
MASKS: dict[Kind, Callable[[str], tuple[str, int]]] = {
    "key": mask_keys,
    "email": mask_emails,
    "card": mask_cards,
    "ip": mask_ip_addresses,
    "phone": mask_phones,
}


class Masks(Declared):
    """Which kinds are masked; may be written as a list of them."""

    email: bool = False
    ip: bool = False
    phone: bool = False
    card: bool = False
    key: bool = False

    @model_validator(mode="before")
    @classmethod
    def from_list(cls, value: Any) -> Any:
        return dict.fromkeys(value, True) if isinstance(value, (list, tuple)) else value

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that are masked, in the order in which they are."""
        return tuple(kind for kind in MASKS if getattr(self, kind))


def mask_text(text: str, kinds: Sequence[Kind]) -> tuple[str, Counter[Kind]]:
    """A text with every value of these kinds replaced, and how many were replaced of each kind that had any."""
    counts: Counter[Kind] = Counter()
    for kind, mask in MASKS.items():
        if kind in kinds:
            text, num_masked = mask(text)
            if num_masked:
                counts[kind] = num_masked
    return text, counts
