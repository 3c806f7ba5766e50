"""Names written as one text, a bar between two."""


def names(text: str) -> list[str]:
    """The names in their order, without the line breaks between them."""
    return [" ".join(name.split()) for name in text.split("|")]
