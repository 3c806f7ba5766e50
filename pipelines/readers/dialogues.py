"""YAML files of conversations: one record for each file, its conversations rendered by the source's template."""

from collections.abc import Iterator

import yaml
from jinja2 import TemplateError

from pipelines.extract.template import render
from pipelines.readers.archive import Member
from pipelines.readers.formats import DialoguesReader
from pipelines.readers.records import Record, unreadable

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_dialogues(member: Member, reader: DialoguesReader) -> Iterator[Record]:
    """All conversations of a file, a blank line between two."""
    try:
        conversations = yaml.load(member.data, Loader=LOADER)["conversations"]
        text = "\n\n".join(render(reader.template, {"turns": turns}) for turns in conversations)
    except (yaml.YAMLError, UnicodeError) as error:
        yield unreadable(member.path, member.data, "invalid_yaml", error)
    except (TemplateError, TypeError, KeyError) as error:
        yield unreadable(member.path, member.data, "template_mismatch", error)
    else:
        yield Record(member.path, text, len(member.data))
