"""From one raw record to text."""

import pytest

from pipelines.extract.docstrings import docstring_documents
from pipelines.extract.html import canonical_url, page_text, parse_page
from pipelines.extract.outline import outline_text
from pipelines.extract.template import render
from pipelines.extract.wikitext import is_redirect, wikitext_to_text


def extracted(page: str, **options: object) -> str:
    return page_text(parse_page(page.encode()), **({"main_content": False, "skip_elements": ()} | options))  # type: ignore[arg-type]


def test_a_page_keeps_tex_and_the_lines_of_its_code() -> None:
    page = (
        "<html><body><p>Let $x^2 &lt; \\alpha_1$ and \\[ \\int f \\]</p>"
        "<pre>def f(x):\n    return x\n\n\nf(1)</pre><script>var hidden = 1;</script></body></html>"
    )
    text = extracted(page)
    assert r"Let $x^2 < \alpha_1$ and \[ \int f \]" in text
    assert "def f(x):\n    return x\n\nf(1)" in text
    assert "hidden" not in text


def test_a_page_loses_the_elements_that_its_source_skips() -> None:
    page = "<html><body><div id='menu'>Menu</div><p>Prose.</p></body></html>"
    assert extracted(page) == "Menu\n\nProse."
    assert extracted(page, skip_elements=("#menu",)) == "Prose."


def test_main_content_leaves_navigation_out() -> None:
    prose = "This paragraph is long enough to be taken for the content of the page, which it is. " * 5
    page = (
        f"<html><body><nav><a href='/'>Home</a></nav><main><p>{prose}</p></main><footer>Imprint</footer></body></html>"
    )
    assert extracted(page, main_content=True) == prose.strip()


@pytest.mark.parametrize(
    "data",
    [
        "<meta charset=iso-8859-1><p>Käse für Ölberg</p>".encode("latin-1"),
        "<meta charset=iso-8859-1><p>Käse für Ölberg</p>".encode(),  # saved again as UTF-8, the label left alone
        "<p>Käse für Ölberg</p>".encode("utf-8-sig"),
    ],
)
def test_a_page_is_read_in_the_encoding_it_has(data: bytes) -> None:
    assert page_text(parse_page(data), main_content=False, skip_elements=()) == "Käse für Ölberg"


@pytest.mark.parametrize(
    ("head", "url"),
    [
        ('<link rel="canonical" href="https://a.org/b">', "https://a.org/b"),
        ('<meta property="og:url" content="http://a.org/c">', "http://a.org/c"),
        ('<link rel="canonical" href="/relative">', None),
        ("", None),
    ],
)
def test_a_page_tells_its_address(head: str, url: str | None) -> None:
    assert canonical_url(parse_page(f"<html><head>{head}</head><body>x</body></html>".encode())) == url


def test_wikitext_reads_as_its_article_does() -> None:
    markup = """{{Infobox|name=x}}
'''Anna''' ({{IPA|x}}; born 1900) was a [[Physics|physicist]] at [[Basel]].<ref>A source.</ref>
[[File:Anna.jpg|thumb|A picture]]
She found <math>E = mc^2</math> &amp; more.<!-- hidden -->
{| class="wikitable"
| a || b
|}
== Work ==
* one
* [http://x.org two]
* {{cite|three}}
== References ==
{{reflist}}
=== Notes of the editor ===
left out
== Legacy ==
Great.
[[Category:People]]"""
    assert wikitext_to_text(markup) == (
        "Anna (born 1900) was a physicist at Basel.\n\n"
        "She found $E = mc^2$ & more.\n\nWork\n\n• one\n• two\n\nLegacy\n\nGreat."
    )


def test_redirects_are_told_from_articles() -> None:
    assert is_redirect("#REDIRECT [[Basel]]")
    assert is_redirect(" #redirect [[Basel]]")
    assert not is_redirect("'''Redirect''' is a word.")


def test_docstrings_come_by_module_and_class() -> None:
    code = '''
r"""Theory of $\\mu$."""

def alpha(x, y=1):
    """Add.

        indented

    End.
    """

def silent(x):
    return x

class Beta(Base):
    """A class."""

    async def run(self):
        """Run it."""

    class Inner:
        """Inside."""

class Bare:
    pass
'''
    assert list(docstring_documents(code)) == [
        ("", "Theory of $\\mu$.\n\nalpha(x, y=1)\n\nAdd.\n\n    indented\n\nEnd."),
        ("Beta", "class Beta\n\nA class.\n\nBeta.run(self)\n\nRun it.\n\nclass Beta.Inner\n\nInside."),
    ]


def test_an_outline_becomes_sections_and_lines() -> None:
    outline = {
        "Geography": {
            "Location": {"text": "Central <em>Europe</em>"},
            "Area": {"total ": {"text": "7 km"}, "land": {"text": "5&nbsp;km"}, "note": "<strong>note:</strong> old"},
        },
        "People": {"text": "one<br>two"},
    }
    assert outline_text("Land", outline) == (
        "Land\n\nGeography\n\nLocation: Central Europe\nArea: total: 7 km; land: 5 km; note: old\n\nPeople\n\none two"
    )


def test_a_template_renders_a_record_and_refuses_one_that_lacks_a_field() -> None:
    template = "Question: {{ input[1].content }}\nAnswer: {{ ideal }}"
    record = {"input": [{"content": "Be brief."}, {"content": "Why?"}], "ideal": "So."}
    assert render(template, record) == "Question: Why?\nAnswer: So."
    with pytest.raises(Exception, match="has no element 1"):
        render(template, {"input": [{"content": "Why?"}], "ideal": "So."})
