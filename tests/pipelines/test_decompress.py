"""Decompressed streams: many members, breaks, damage and bombs."""

import bz2
import gzip
import io
import lzma
from collections.abc import Callable

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers.decompress import CODEC_ERRORS, LEAST_BOMB_BYTES, BombError, decompressed
from pipelines.readers.source_file import MOST_BYTES, TooLargeError, in_memory

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "a.gz": gzip.compress,
    "a.bz2": bz2.compress,
    "a.xz": lzma.compress,
    "a.zst": zstd.compress,
}
LINES = b"".join(b"%d squared is %d\n" % (i, i * i * 7919) for i in range(40_000))


@pytest.mark.parametrize("name", COMPRESSORS)
@given(parts=st.lists(st.binary(max_size=200), min_size=1, max_size=4))
def test_any_number_of_members_is_one_stream(name: str, parts: list[bytes]) -> None:
    stored = b"".join(COMPRESSORS[name](part) for part in parts)
    assert in_memory(name, stored).read() == b"".join(parts)


def test_what_is_not_compressed_stays_as_it_is() -> None:
    assert in_memory("a.txt", b"text").read() == b"text"


@pytest.mark.parametrize("name", COMPRESSORS)
def test_a_stream_can_be_sought(name: str) -> None:
    with in_memory(name, COMPRESSORS[name](LINES)).open() as stream:
        stream.seek(500_000)
        assert stream.read(20) == LINES[500_000:500_020]
        stream.seek(10)
        assert stream.read(20) == LINES[10:30]


@pytest.mark.parametrize("name", COMPRESSORS)
def test_all_that_came_before_a_break_is_handed_on(name: str) -> None:
    whole = COMPRESSORS[name](LINES[: len(LINES) // 2]) + COMPRESSORS[name](LINES[len(LINES) // 2 :])
    lines = []
    with in_memory(name, whole[:-50]).open() as stream, pytest.raises(EOFError):
        lines.extend(stream)
    assert b"".join(lines) == LINES[: len(b"".join(lines))]
    assert len(b"".join(lines)) >= len(LINES) // 2 - 50


@pytest.mark.parametrize("name", COMPRESSORS)
def test_damage_is_an_error_that_is_known(name: str) -> None:
    whole = bytearray(COMPRESSORS[name](LINES))
    whole[len(whole) // 2 : len(whole) // 2 + 20] = bytes(20)
    with pytest.raises((*CODEC_ERRORS, OSError)):
        in_memory(name, bytes(whole)).read()


@pytest.mark.parametrize("name", COMPRESSORS)
def test_a_bomb_stops_the_stream(name: str) -> None:
    member = COMPRESSORS[name](bytes(LEAST_BOMB_BYTES // 16))
    with decompressed(name, io.BytesIO(member * 20)) as stream:
        stream.seek(LEAST_BOMB_BYTES - (1 << 21))
        assert stream.read(1 << 20) == bytes(1 << 20)
        with pytest.raises(BombError, match="bytes expand to"):
            stream.seek(LEAST_BOMB_BYTES + (1 << 21))


def test_a_file_that_is_read_whole_is_bounded() -> None:
    assert len(in_memory("a.gz", gzip.compress(bytes(MOST_BYTES))).read()) == MOST_BYTES
    with pytest.raises(TooLargeError):
        in_memory("a.gz", gzip.compress(bytes(MOST_BYTES + 1))).read()
