"""The characters of a page."""

import codecs

from resiliparse.parse.encoding import bytes_to_str, detect_encoding, map_encoding_to_html5


def as_utf8(data: bytes, charset: str | None) -> bytes:
    """A page in UTF-8; bytes that mean nothing in its encoding are left out.

    Bytes that are UTF-8 are read as such: pages that were saved again often still name the encoding that they were
    served in. Others are read as the server said, else as the page says, else as they look.

    Args:
        data: the page as it was served.
        charset: the encoding that the server named, if it did; one that does not exist is none.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":  # cut off inside its last character
            return data[: error.start]
        named = map_encoding_to_html5(charset, fallback_utf8=False) if charset else None
        encoding = named or detect_encoding(data, from_html_meta=True) or "utf-8"
        return str(bytes_to_str(data, encoding)).encode()
    return data
