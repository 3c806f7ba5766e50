"""Web pages to text: main text, code blocks, encodings, and pages that are broken on purpose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract.html import DeepNestingError, extract_page
from pipelines.extract.html.nesting import DEEPEST, check_nesting
from pipelines.extract.html.unseen import without_unseen

PARAGRAPHS = [
    f"Paragraph {name} is long enough to be taken for the content of the page, as it is, and more of it follows here."
    for name in ("one", "two", "three", "four")
]
ARTICLE = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
TEXT = "\n\n".join(PARAGRAPHS)


def extracted(page: str, **options: object) -> str:
    return extract_page(page.encode(), **({"main_content": False, "skip_elements": ()} | options)).text  # type: ignore[arg-type]


def main_text(body: str) -> str:
    return extracted(f"<html><body>{body}</body></html>", main_content=True)


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


@pytest.mark.parametrize(
    "boilerplate",
    [
        "<nav><a href='/'>Home</a></nav>",
        "<footer>Imprint</footer>",
        "<div class='x7'><a href='/1'>More news from here</a> <a href='/2'>Even more</a></div>",  # named like nothing
        "<div class='x8'><p>A teaser of another article that is also some forty characters long.</p></div>",
        f"<div id='comments'>{'<p>I have always said so, and I say it again and again, as you know.</p>' * 9}</div>",
    ],
)
@pytest.mark.parametrize("place", ["{boilerplate}{article}", "{article}{boilerplate}"])
def test_main_text_is_the_prose_alone(boilerplate: str, place: str) -> None:
    article = f"<div><div class='x9'>{ARTICLE}</div></div>"
    assert main_text(place.format(boilerplate=boilerplate, article=article)) == TEXT


def test_main_text_loses_pointers_and_labels_but_not_its_own_headings_and_lists() -> None:
    article = f"<div><h2><a href='#a'>A heading</a></h2>{ARTICLE}<p><a href='/x'>Read also: something else</a></p>"
    article += "<ul><li>An item.</li><li><a href='/y'>A pointer</a></li></ul><p>Share this page</p></div>"
    assert main_text(article) == f"A heading\n\n{TEXT}\n\n  • An item."


def test_text_in_no_paragraphs_is_main_text_too() -> None:
    lines = "<br>".join(PARAGRAPHS)
    teasers = "<p>A teaser of another article that is also some forty characters long.</p>" * 3
    text = main_text(f"<div class='x1'>{lines}</div><div class='x2'>{teasers}</div>")
    assert text.startswith("\n".join(PARAGRAPHS))


PYGMENTS = (
    "<table class='highlighttable'><tr><td class='linenos'><div class='linenodiv'><pre>1\n2</pre></div></td>"
    "<td class='code'><pre><span class='k'>def</span> f():\n    <span class='k'>return</span> 1</pre></td></tr></table>"
)


@pytest.mark.parametrize(
    "block",
    [
        "<pre><code class='language-python'>def f():\n    return 1</code></pre>",
        PYGMENTS,
        "<pre>def f():<br>    return 1</pre>",
        "<PRE><span class='hljs-keyword'>def</span> f():\n    return 1</PRE>",
        "<pre class='line-numbers'><code>def f():\n    return 1</code><span class='line-numbers-rows'>1 2</span></pre>",
        "<pre><div class='line'>def f():</div><div class='line'>    return 1</div></pre>",
        "<table class='highlight'><tr><td class='blob-num'>1</td><td class='blob-code'>def f():</td></tr>"
        "<tr><td class='blob-num'>2</td><td class='blob-code'>    return 1</td></tr></table>",
        "<div class='syntaxhighlighter'><table><tr><td class='gutter'><div>1</div><div>2</div></td><td class='code'>"
        "<div class='line'>def f():</div><div class='line'>    return 1</div></td></tr></table></div>",
    ],
)
@pytest.mark.parametrize("main_content", [True, False])
def test_code_keeps_its_lines_without_numbers(block: str, main_content: bool) -> None:
    text = extracted(f"<div>{ARTICLE}{block}</div>", main_content=main_content)
    assert text.removeprefix(TEXT).strip("\n") == "def f():\n    return 1"


def test_code_keeps_its_comments() -> None:
    block = "<pre>f() <span class='token comment'># calls f</span>\n<span class='hljs-comment'># end</span></pre>"
    assert "f() # calls f\n# end" in main_text(ARTICLE + block)


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("<meta charset=iso-8859-1><p>Käse für Ölberg</p>".encode("latin-1"), None),
        (
            "<meta charset=iso-8859-1><p>Käse für Ölberg</p>".encode(),
            None,
        ),  # saved again as UTF-8, the label left alone
        ("<p>Käse für Ölberg</p>".encode("utf-8-sig"), None),
        ("<meta charset=utf-8><p>Käse für Ölberg</p>".encode("latin-1"), "iso-8859-1"),
        ("<p>Käse für Ölberg</p>".encode("latin-1"), "no such encoding"),
        ("<p>Käse für Ölberg</p>".encode("utf-16"), None),
        ("<p>Käse\0 für Ölberg</p>".encode(), None),
        ("<p>Käse für Ölberg</p>ü".encode()[:-1], None),  # cut inside a character
    ],
)
def test_a_page_is_read_in_the_encoding_it_has(data: bytes, charset: str | None) -> None:
    assert extract_page(data, main_content=False, skip_elements=(), charset=charset).text == "Käse für Ölberg"


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
    page = f"<html><head>{head}</head><body>x</body></html>".encode()
    assert extract_page(page, main_content=True, skip_elements=()).canonical_url == url


@pytest.mark.parametrize(
    "opening",
    ["<div>", "<span>", "<b>", "<ul><li>", "<table><tr><td>", "<svg><g>", "<div></b>", "<a-b>", '<div =">', "<!--->"],
)
def test_a_page_nested_too_deep_is_refused(opening: str) -> None:
    page = opening * 100_000 if opening != "<!--->" else opening + "<div>" * 100_000
    with pytest.raises(DeepNestingError):
        extract_page(page.encode(), main_content=True, skip_elements=())


@pytest.mark.parametrize(
    "flat",
    [
        "<div>a</div>" * 10_000,
        "<p>a" * 10_000,
        "<br>" * 10_000,
        "<table>" + "<tr><td>a" * 10_000,
        "<script>" + "'<div>'" * 10_000 + "</script>",
        "<!--" + "<div>" * 10_000 + "-->",
        "<p title='" + "<div>" * 10_000 + "'>",
        "<svg>" + "<path/>" * 10_000 + "</svg>",
        "<div>" * DEEPEST,
    ],
)
def test_a_long_page_that_is_flat_is_not_refused(flat: str) -> None:
    check_nesting(without_unseen(flat.encode()))


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"<", b"<!--", b"\xff\xfe", b"<p>\xc3\x28</p>", b"plain text", b"<body></body>" * 2]
)
@pytest.mark.parametrize("main_content", [True, False])
def test_a_page_of_hardly_anything_gives_hardly_any_text(data: bytes, main_content: bool) -> None:
    assert len(extract_page(data, main_content=main_content, skip_elements=()).text) <= len(data)


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        ("<p>a</p><script>if (a < b) x('</p>')</script ><p>b</p>", "<p>a</p><p>b</p>"),
        ("<p>a</p><STYLE>p > b {}</style><p>b</p>", "<p>a</p><p>b</p>"),
        ("<p>a<!-- <p>c --><!----><!--> b</p>", "<p>a b</p>"),
        ("<p title='<script>'>a</p></script>", "<p title='<script>'>a</p></script>"),
        ("<p>a</p><script>never closed <p>b</p>", "<p>a</p><script>never closed <p>b</p>"),
        ("<select><option>a<select><option>b</select>c", "c"),
        ("<script type='math/tex'>a<b</script><script src=KaTeX.js></script>",) * 2,
        ("<!DOCTYPE html><p>a < b", "<!DOCTYPE html><p>a < b"),
        ("<p>a</p><!-- never closed <p>b</p>", "<p>a</p>"),
        ("<", "<"),
        ("", ""),
    ],
)
def test_what_nobody_sees_is_not_parsed(page: str, seen: str) -> None:
    assert without_unseen(page.encode()).decode() == seen


PIECES = [
    "<div>",
    "</div>",
    "<p>",
    "<pre>",
    "</pre>",
    "<table>",
    "<td class=blob-code>",
    "<math>",
    "<mi>",
    "<script>",
    "<li>",
]
PIECES += [
    "<a href=x>",
    "</a>",
    "<!--",
    "-->",
    "<span class=katex>",
    "word " * 20,
    "\0",
    "$",
    "\\(",
    "<body>",
    "</html>",
    "<svg>",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40), st.booleans())
def test_markup_in_any_order_is_extracted_the_same_each_time(pieces: list[str], main_content: bool) -> None:
    page = "".join(pieces)
    assert extracted(page, main_content=main_content) == extracted(page, main_content=main_content)
