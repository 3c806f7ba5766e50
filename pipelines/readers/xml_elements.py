"""Elements of an XML stream, one at a time; a stream that declares entities is refused."""

from collections.abc import Collection, Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from pipelines.readers.records import BrokenFileError

READ_BYTES = 1 << 18
MOST_CHARACTERS = 32 << 20  # of one element with its children
NODE_CHARACTERS = 100  # what an element or attribute counts for beside its letters, as it takes their memory
MOST_TAG_BYTES = 16 << 20
CUT = "cut"


class Collector:
    """Builds the elements of some names, each with its children, and hands them on as they end.

    Names are without their XML namespace. An element with more text and markup than ``MOST_CHARACTERS`` is cut there
    and marked by the attribute ``cut``.
    """

    def __init__(self, names: Collection[str]) -> None:
        self.names = names
        self.ended: list[Element] = []
        self.builder = TreeBuilder()
        self.depth = 0  # inside an element that is collected; 0 outside
        self.depth_built = 0  # less than the depth only where an element is cut
        self.num_characters = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if self.depth or name in self.names:
            self.depth += 1
            self.num_characters += num_characters(name, attributes)
            if self.num_characters <= MOST_CHARACTERS:
                self.builder.start(name, attributes)
                self.depth_built = self.depth

    def text(self, text: str) -> None:
        if self.depth and self.num_characters <= MOST_CHARACTERS:
            self.num_characters += len(text)
            self.builder.data(text)

    def end(self, name: str) -> None:
        if self.depth:
            if self.depth == self.depth_built:
                self.builder.end(name.rpartition(":")[2])
                self.depth_built -= 1
            self.depth -= 1
            if self.depth == 0:
                self._hand_on()

    def _hand_on(self) -> None:
        element = self.builder.close()
        if self.num_characters > MOST_CHARACTERS:
            element.set(CUT, "")
        self.ended.append(element)
        self.builder, self.num_characters = TreeBuilder(), 0


def num_characters(name: str, attributes: dict[str, str]) -> int:
    """What an element without its content counts for."""
    letters = len(name) + sum(len(key) + len(value) for key, value in attributes.items())
    return letters + NODE_CHARACTERS * (1 + len(attributes))


def elements(stream: BinaryIO, names: Collection[str]) -> Iterator[Element]:
    """The elements of some names, in the order in which they end; memory holds one of them.

    Raises:
        BrokenFileError: the stream is not XML, breaks off, or declares entities, which can stand for gigabytes.
    """
    collector = Collector(names)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = collector.start
    parser.EndElementHandler = collector.end
    parser.CharacterDataHandler = collector.text
    parser.EntityDeclHandler = refuse_entity
    num_bytes = 0
    try:
        while chunk := stream.read(READ_BYTES):
            parser.Parse(chunk, False)
            num_bytes += len(chunk)
            if num_bytes - parser.CurrentByteIndex > MOST_TAG_BYTES:
                raise BrokenFileError("invalid_xml", f"a tag of more than {MOST_TAG_BYTES:,} bytes")
            yield from collector.ended
            collector.ended.clear()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise BrokenFileError("invalid_xml", error) from error


def refuse_entity(name: str, *_: object) -> None:
    raise BrokenFileError("xml_entities", f"the file declares the entity {name}")
