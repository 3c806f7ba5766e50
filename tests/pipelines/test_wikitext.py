"""Wiki markup reads as its article does."""

import pytest

from pipelines.extract.wikitext import is_redirect, read_article, redirect_target


def test_an_article_keeps_its_prose_facts_lists_and_formulas_and_loses_its_apparatus() -> None:
    markup = """{{About|the physicist|others|Anna (disambiguation)}}
{{Infobox scientist
| name        = Anna
| image       = Anna.jpg
| birth_date  = {{birth date|df=yes|1900|2|1}}
| fields      = [[Physics]]<br>[[Chemistry]]
| website     =
}}
'''Anna''' ({{IPAc-en|x}}; born 1900<ref name="a">A [[source]].</ref>) was a [[Physics|physicist]] at
[[Basel]].<ref name="a"/>
[[File:Anna.jpg|thumb|A picture with a [[link]]]]
She found <math>E = mc^2</math> &amp; more.<!-- hidden -->
{{unheard of template|x}}

== Work ==
* one
** inside
* [http://x.org two] ([http://y.org])
* {{cite|three}}
# first
# second
; term : what it means

== Gallery ==
<gallery>A.jpg|caption</gallery>
== References ==
{{reflist}}
=== Notes of the editor ===
left out
== Legacy ==
Great.
{{Navbox|x}}
[[Category:People]]
[[de:Anna]]"""
    article = read_article(markup)
    assert article.text == (
        "name: Anna\nbirth date: 1 February 1900\nfields: Physics; Chemistry\n\n"
        "Anna (born 1900) was a physicist at Basel.\n\n"
        "She found $E = mc^2$ & more.\n\n"
        "Work\n\n• one\n  • inside\n• two\n1. first\n2. second\nterm\nwhat it means\n\n"
        "Legacy\n\nGreat."
    )
    assert article.unknown_templates == {"unheard of template": 1}


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("{{convert|5|km|mi}}", "5 km"),
        ("{{convert|5|to|10|km|mi|abbr=on}}", "5 to 10 km"),
        ("{{lang|fr|texte}} {{lang-de|Wort}} {{transl|ar|al-Jazāʾir}}", "texte Wort al-Jazāʾir"),
        ("{{nowrap|a {{small|b}}}}{{nbsp}}c{{snd}}d", "a b c – d"),
        ("{{frac|1|2}} {{sfrac|3|1|4}} {{math|''x'' {{=}} 1}}", "1/2 3 1/4 x = 1"),
        ("{{val|1.5|0.2|e=-5|u=m}}", "1.5±0.2×10⁻⁵ m"),
        ("{{chem|H|2|O}} H<sub>2</sub>O 10<sup>6</sup> 1<sup>st</sup> x<sub>max</sub>", "H₂O H₂O 10⁶ 1st x_max"),
        ("{{death date and age|1982|3|6|1905|2|2}} {{as of|2010|1|lc=y}}", "March 6, 1982 as of January 2010"),
        ("{{circa|1900}} {{abbr|kg|kilogram}} {{USS|Iowa}}", "c. 1900 kg USS Iowa"),
        ("{{IPA|/a/}} ({{IPA|fr|pa}})", "/a/"),
        ("a{{sfn|Smith|1990}} b {{citation needed|date=May 2010}}, c", "a b, c"),
        ("{{quote|Be {{em|bold}}.|Anna|Letters}}", "Be bold.\n\n— Anna, Letters"),
        ("{{hlist|a|b}} {{ubl|c|d}}", "a · b\n• c\n• d"),
        ("{{formatnum:1234}} {{DEFAULTSORT:Anna}}{{#if:x|y}}", "1234"),
        ("{{nowrap|[[a|b]] 1=2}}", "b 1=2"),
        ("x{{{1|default}}} {{{2}}}{{nowrap|{a}}}", "xdefault {a}"),
    ],
)
def test_templates_of_prose_show_what_the_article_shows(markup: str, text: str) -> None:
    assert read_article(markup).text == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("[[bus]]es, [[Foo (bar)|]], [[:Category:A]], [[Datei:X.png|mini]]", "buses, Foo, Category:A,"),
        ("'''bold''' ''italic'' '''''both''''' l''''État''''", "bold italic both l'État'"),
        ("''Nature'''s own", "Nature's own"),
        ("a __NOTOC__ b&nbsp;c &lt;d&gt;", "a b c <d>"),
        ("one\ntwo<br>three\n\nfour", "one two\nthree\n\nfour"),
        ("<nowiki>[[a]] {{b}}</nowiki> <code>x{{=}}1</code>", "[[a]] {{b}} x=1"),
        ("<syntaxhighlight lang=py>\nif a:\n    b[[0]]  = '''c'''\n</syntaxhighlight>", "if a:\n    b[[0]]  = '''c'''"),
        ('<math display="block">a\n+ b</math> <chem>H2O</chem>', "$$a + b$$ $\\ce{H2O}$"),
        ("<poem>a\nb</poem>", "a\nb"),
        ("f() and (<ref>x</ref>) and ({{cn}}, g)", "f() and and (g)"),
        ('a<span style="display:none">hidden</span>b', "ab"),
        ("[[unclosed\n\n{{unclosed|a [[b]]", "[[unclosed\n\n{{unclosed|a b"),
    ],
)
def test_markup_reads_as_its_page_does(markup: str, text: str) -> None:
    assert read_article(markup).text == text


def test_a_table_is_its_caption_and_a_line_for_each_row() -> None:
    markup = """before
{| class="wikitable" style="x"
|+ The caption
! Year !! A<br>title
|-
| rowspan="2" | 1990 || [[A|a]] <ref>r</ref>
|-
| style="b" | * || c
|-
|
* one
* two
| {{!}}
|}
after"""
    assert read_article(markup).text == (
        "before\n\nThe caption\nYear | A title\n1990 | a\n1990 | * | c\none; two |\n\nafter"
    )


def test_a_table_inside_a_table_has_its_rows_on_lines_of_their_own() -> None:
    markup = "{|\n| a\n{|\n| b || c\n|-\n| d || e\n|}\n| f\n|}"
    assert read_article(markup).text == "a\nb | c\nd | e\nf"


def test_redirects_are_told_from_articles_and_name_their_target() -> None:
    assert redirect_target("#REDIRECT [[Basel]]") == "Basel"
    assert redirect_target(" #redirect: [[Basel#History|x]]") == "Basel"
    assert redirect_target("#WEITERLEITUNG [[Basel]]") == "Basel"
    assert redirect_target("'''Redirect''' is a word.") is None
    assert is_redirect("#REDIRECT[[Basel]]")
    assert not is_redirect("# [[Basel]]")


UNENDING = (
    "{{", "{{a|", "{{nowrap|x", "{{{a|", "[[", "[[a|", "[[File:", "{|\n|", "<b>", "<ref>", "<math>", '<div a="', "<!--",
    "''", "*", "=", "[http://a ", "({{x}} ", " \t", "\n ", "|", "&amp",
)  # fmt: skip


@pytest.mark.parametrize("closing", ["", "}}", "]]", "|}", "</b>", " )"])
@pytest.mark.parametrize("opening", UNENDING)
def test_markup_without_end_is_read_in_bounded_time_and_space(opening: str, closing: str) -> None:
    times = 40_000 // len(opening)
    markup = opening * times + closing * (times if closing else 0)
    assert len(read_article(markup).text) <= len(markup)
