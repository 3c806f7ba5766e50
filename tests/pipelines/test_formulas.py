"""Formulas of web pages: each way to show one becomes TeX in the text, and those that come through are counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from resiliparse.parse.html import HTMLTree

from pipelines.extract.html import extract_page
from pipelines.extract.html.formulas import count_delimited
from pipelines.extract.html.mathml import math_to_tex

SQUARE = "<msup><mi>x</mi><mn>2</mn></msup>"
ANNOTATED = f'<math><semantics><mrow>{SQUARE}</mrow><annotation encoding="application/x-tex">x^{{2}}</annotation>'
ANNOTATED += "</semantics></math>"
KATEX = (
    f'<span class="katex"><span class="katex-mathml">{ANNOTATED}</span>'
    '<span class="katex-html" aria-hidden="true"><span>x</span><span class="msupsub">2</span></span></span>'
)
MATHJAX_2 = (
    '<span class="MathJax_Preview">[math]</span><span class="MathJax" id="M1">x2</span>'
    '<script type="math/tex{mode}" id="M-1">x^2</script>'
)


def page(body: str, **options: object) -> tuple[str, float, float]:
    data = f"<html><head></head><body>{body}</body></html>".encode()
    found = extract_page(data, **({"main_content": False, "skip_elements": ()} | options))  # type: ignore[arg-type]
    return found.text, found.measures["formulas_in_page"], found.measures["formulas_in_text"]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (ANNOTATED, "Let $x^{2}$ be."),
        (f"<math display='block'>{SQUARE}</math>", "Let $$x^2$$ be."),
        ("<math alttext='a%\nb \\% c'><mi>y</mi></math>", r"Let $ab \% c$ be."),
        (KATEX, "Let $x^{2}$ be."),
        (f'<span class="katex-display">{KATEX}</span>', "Let $$x^{2}$$ be."),
        (MATHJAX_2.format(mode=""), "Let $x^2$ be."),
        (MATHJAX_2.format(mode="; mode=display"), "Let $$x^2$$ be."),
        (f"""<span class="MathJax" data-mathml="<math>{SQUARE}</math>">x2</span>""", "Let $x^2$ be."),
        (
            f'<mjx-container jax="CHTML" display="true"><mjx-math>x2</mjx-math><mjx-assistive-mml><math>{SQUARE}</math>'
            "</mjx-assistive-mml></mjx-container>",
            "Let $$x^2$$ be.",
        ),
        (
            '<span class="mwe-math-element"><span class="mwe-math-mathml-inline"><math alttext="{\\displaystyle x^2}">'
            f'{SQUARE}</math></span><img class="mwe-math-fallback-image-inline" alt="{{\\displaystyle x^2}}"></span>',
            "Let $x^2$ be.",
        ),
        ('<img class="mwe-math-fallback-image-display" alt="{\\displaystyle x^2}">', "Let $$x^2$$ be."),
        ('<img class="latex" src="//s0.wp.com/latex.php?latex=x^2" alt="x^2">', "Let $x^2$ be."),
        ('<img src="https://latex.codecogs.com/gif.latex?x^2" alt="$x^2$">', "Let $x^2$ be."),
        ('<span class="ztext-math" data-tex="x^2">x2</span>', "Let $x^2$ be."),
    ],
)
def test_a_formula_becomes_tex(markup: str, text: str) -> None:
    assert page(f"<p>Let {markup} be.</p>") == (text, 1, 1)


def test_tex_between_delimiters_stays_and_is_counted_where_it_is_typeset() -> None:
    body = r"<p>Let \(a_1\), $b$ and \[c\] cost $5 or $10, $$d$$ \begin{align} e &amp;= f \end{align}</p>"
    text = r"Let \(a_1\), $b$ and \[c\] cost $5 or $10, $$d$$ \begin{align} e &= f \end{align}"
    assert page(body + "<script src='/MathJax.js'></script>") == (text, 5, 5)


def test_formulas_outside_of_the_main_text_are_counted_as_lost() -> None:
    prose = "This paragraph is long enough to be taken for the content of the page, which it is. " * 5
    text, in_page, in_text = page(
        f"<nav>{KATEX}</nav><main><p>{prose} {ANNOTATED} and {KATEX}.</p></main>", main_content=True
    )
    assert text.endswith("$x^{2}$ and $x^{2}$.")
    assert (in_page, in_text) == (3, 2)


def test_a_rendered_formula_without_its_source_is_counted_as_lost() -> None:
    assert page('<p>Let <span class="katex"><span class="katex-html">x2</span></span> be.</p>') == ("Let x2 be.", 1, 0)


@pytest.mark.parametrize(
    ("mathml", "tex"),
    [
        ("<mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac>", r"\frac{a}{b+1}"),
        ("<mo>(</mo><mfrac linethickness='0'><mi>n</mi><mi>k</mi></mfrac><mo>)</mo>", r"({n \atop k})"),
        ("<msqrt><mi>a</mi><mi>b</mi></msqrt><mroot><mi>x</mi><mn>3</mn></mroot>", r"\sqrt{ab}\sqrt[3]{x}"),
        ("<msubsup><mi>x</mi><mi>i</mi><mn>10</mn></msubsup>", "x_i^{10}"),
        ("<msup><mrow><mo>(</mo><mi>a</mi><mo>)</mo></mrow><mo>′</mo></msup>", "{(a)}'"),
        ("<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>", r"\sum_{i=1}^n"),
        ("<munder><mi>lim</mi><mrow><mi>x</mi><mo>→</mo><mi>∞</mi></mrow></munder>", r"\lim_{x\to\infty}"),
        ("<mover><mi>x</mi><mo>¯</mo></mover><mover><mi>v</mi><mo>→</mo></mover>", r"\bar{x}\vec{v}"),
        ("<mi>α</mi><mo>&InvisibleTimes;</mo><mi>x</mi><mo>≤</mo><mi>β</mi>", r"\alpha x\leq\beta"),
        ("<mi>sin</mi><mo>&ApplyFunction;</mo><mi>x</mi><mo>+</mo><mi>rank</mi>", r"\sin x+\mathrm{rank}"),
        ("<mi mathvariant='double-struck'>R</mi><mi>ℝ</mi><mi>𝐱</mi><mi>𝑦</mi>", r"\mathbb{R}\mathbb{R}\mathbf{x}y"),
        ("<mtext>if&nbsp;so</mtext><mphantom><mi>z</mi></mphantom>", r"\text{if so}"),
        (
            "<mo>[</mo><mtable><mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr><mtr><mtd><mi>c</mi></mtd></mtr>"
            "</mtable><mo>]</mo>",
            r"[\begin{matrix} a & b \\ c \end{matrix}]",
        ),
        ("<mfenced open='{' close=''><mi>a</mi><mi>b</mi></mfenced>", r"\{a,b"),
        (
            "<mmultiscripts><mi>C</mi><mn>6</mn><none/><mprescripts/><none/><mn>14</mn></mmultiscripts>",
            "{}^{14}C_6",
        ),
    ],
)
def test_mathml_is_converted(mathml: str, tex: str) -> None:
    math = HTMLTree.parse(f"<math>{mathml}</math>").body.query_selector("math")  # type: ignore[union-attr]
    assert math is not None
    assert math_to_tex(math) == tex


def test_mathml_that_is_nested_too_deep_keeps_its_characters() -> None:
    assert page(f"<p><math>{'<mrow>' * 200}<mi>x</mi></math></p>") == ("$x$", 1, 1)


ELEMENTS = ["mi", "mo", "mn", "mrow", "mfrac", "msup", "msubsup", "munder", "mover", "mtable", "mtr", "mfenced", "math"]


@given(st.lists(st.sampled_from([f"<{name}>" for name in ELEMENTS] + [f"</{name}>" for name in ELEMENTS] + ["x", "{"])))
def test_broken_mathml_never_fails(parts: list[str]) -> None:
    page(f"<p><math>{''.join(parts)}</p>")


@given(st.text(alphabet="$\\()[]{}ab \n", max_size=60))
def test_counting_delimited_formulas_never_exceeds_the_delimiters(text: str) -> None:
    assert count_delimited(text) <= text.count("$") // 2 + text.count("\\(") + text.count("\\[")
