"""What a reader sees of a template, from its name and its arguments.

The templates are those that stand in the prose of Wikipedia's articles
(https://en.wikipedia.org/wiki/Wikipedia:Template_index). What is neither rendered nor known to be no prose is unknown.
"""

from collections.abc import Callable, Mapping

from pipelines.extract.wiki.dates import DATES
from pipelines.extract.wiki.infobox import infobox_text, is_infobox
from pipelines.extract.wiki.marks import DROPPED
from pipelines.extract.wiki.names import names
from pipelines.extract.wiki.no_prose import NO_PROSE, NO_PROSE_NAMES
from pipelines.extract.wiki.scripts import subscript, superscript

Arguments = Mapping[str, str]
Renderer = Callable[[Arguments], str]


def render_template(name: str, arguments: Arguments) -> str | None:
    """The text of a template, ``DROPPED`` for one that is no prose, and None for one that is not known.

    Args:
        name: as it is written, or, for a parser function, with its first argument after a colon.
        arguments: by name, positional ones under their number from 1.
    """
    name = template_name(name)
    function, colon, value = name.partition(":")
    if colon and function in FUNCTIONS:
        return FUNCTIONS[function](value.strip())
    if name in RENDERERS:
        return RENDERERS[name](arguments)
    if is_infobox(name):
        return infobox_text(arguments)
    if name.startswith("lang-"):
        return arguments.get("1", "")
    if name in NO_PROSE or NO_PROSE_NAMES.match(name):
        return DROPPED
    return None


def template_name(name: str) -> str:
    """The name of a template as this module spells it: lower case, single spaces."""
    return " ".join(name.replace("_", " ").replace(DROPPED, " ").split()).lower().removeprefix("template:")


def positional(arguments: Arguments) -> list[str]:
    """The positional arguments in their order, as far as they follow each other."""
    values: list[str] = []
    while (value := arguments.get(str(len(values) + 1))) is not None:
        values.append(value)
    return values


def argument(number: int) -> Renderer:
    """Renders a template as one of its positional arguments, as its last where it has fewer."""

    def render(arguments: Arguments) -> str:
        values = positional(arguments)
        return values[min(number, len(values)) - 1] if values else ""

    return render


def constant(text: str) -> Renderer:
    return lambda _: text


def surrounded(prefix: str, suffix: str = "") -> Renderer:
    return lambda arguments: f"{prefix}{arguments.get('1', '')}{suffix}"


def argument_or(text: str) -> Renderer:
    return lambda arguments: arguments.get("1") or text


def joined(separator: str) -> Renderer:
    return lambda arguments: separator.join(value for value in positional(arguments) if value)


def items(arguments: Arguments) -> str:
    return "".join(f"\n* {value}" for value in positional(arguments) if value) + "\n"


def quotation(arguments: Arguments) -> str:
    """A paragraph of its own, with its author and source."""
    text = arguments.get("1") or arguments.get("text") or arguments.get("quote") or ""
    credits = [arguments.get(name, "") for name in ("2", "3", "author", "sign", "by", "source", "title")]
    credit = ", ".join(value for value in credits if value)
    return f"\n\n{text}\n\n" + (f"— {credit}\n\n" if credit else "")


def quantity(arguments: Arguments) -> str:
    """``{{convert}}`` as it is given: a number or a range, and its unit."""
    number, *others = positional(arguments) or [""]
    while len(others) > 1 and others[0] in RANGES:
        number += RANGES[others[0]] + others[1]
        others = others[2:]
    return f"{number} {others[0]}" if others else number


def fraction(arguments: Arguments) -> str:
    match positional(arguments):
        case [whole, over, under, *_]:
            return f"{whole} {over}/{under}"
        case [over, under]:
            return f"{over}/{under}"
        case [under]:
            return f"1/{under}"
    return "/"


def value_with_error(arguments: Arguments) -> str:
    """``{{val}}``: number, uncertainty, power of ten and unit."""
    number = arguments.get("1", "")
    error = arguments.get("2", "")
    if error:
        number += error if error.startswith("(") else f"±{error}"
    if arguments.get("e"):
        number += f"×10{superscript(arguments['e'])}"
    unit = next((arguments[name] for name in ("u", "ul", "up", "upl") if arguments.get(name)), "")
    return f"{arguments.get('p', '')}{number} {unit}".rstrip()


def formula(arguments: Arguments) -> str:
    """``{{chem}}``: elements and numbers by turns."""
    values = positional(arguments)
    return "".join(value if index % 2 == 0 else subscript(value) for index, value in enumerate(values))


def japanese(arguments: Arguments) -> str:
    """``{{nihongo}}``: the English, then the Japanese in its script and in Latin letters."""
    english, *others = [arguments.get(str(number), "") for number in range(1, 5)]
    original = ", ".join(value for value in others if value)
    return f"{english} ({original})" if english and original else english or original


def marriage(arguments: Arguments) -> str:
    """A name, and from when to when."""
    name, *years = positional(arguments) or [""]
    return f"{name} ({'–'.join(year for year in years[:2] if year)})" if any(years[:2]) else name


def author_and_year(arguments: Arguments) -> str:
    """A citation that is part of its sentence: ``Smith & Jones (1990)``."""
    *names, year = positional(arguments) or [""]
    return f"{' & '.join(names)} ({year})" if names else year


def population(arguments: Arguments) -> str:
    """A table of years and numbers of people."""
    values = [value for value in positional(arguments) if value]
    return (
        "\n\n"
        + "\n".join(f"* {year}: {people}" for year, people in zip(values[::2], values[1::2], strict=False))
        + "\n\n"
    )


def web_address(arguments: Arguments) -> str:
    return arguments.get("2") or arguments.get("1", "").removeprefix("https://").removeprefix("http://")


def named(text: str, renderer: Renderer) -> dict[str, Renderer]:
    """The same renderer for several names, parted by ``|``."""
    return dict.fromkeys(names(text), renderer)


RANGES = dict(
    zip(
        ("-", "–", "to", "and", "or", "x", "by", "+/-"),
        ("–", "–", " to ", " and ", " or ", " × ", " by ", " ± "),
        strict=True,
    )
)

TEXT = """
    nowrap|nobr|small|smaller|big|bigger|larger|large|center|centre|nobold|noitalic|normal|sc|smallcaps
    |smallcaps all|sc2|vanchor|visible anchor|linktext|keypress|key|key press|button|tooltip|abbr|abbrlink|music
    |nastaliq|naskh|unicode|polytonic|script|hebrew|illm|ill|interlanguage link|interlanguage link multi|flag
    |flagcountry|flagu|flaglist|math|mvar|bigmath|nihongo2|underline|u|strike|strikethrough|em|strong|bold|code
    |codes|tt|mono|kbd|samp|var|pre|pre2|not a typo|typo|as written|ipa link|ipaslink|plainlist|flatlist|longitem
    |nts|number table sorting|railgauge|track gauge|angbr ipa|bartable|serif|sans-serif|allow wrap|midsize|nospell
    |legend inline|proper name|slink|section link|format price|based on|largest|iw|chem name|rndfrac|columns|pad
"""
SECOND_ARGUMENT = """
    lang|langx|native name|resize|font color|fontcolor|color|colour|background color|highlight|wikt-lang|rtl-lang
    |sort|script/lang|grc-transl
"""
QUOTATION = """
    quote|blockquote|block quote|bquote|cquote|quotation|centered pull quote|pull quote|rquote|quote box|poemquote
    |poem quote|verse translation
"""
ITEMS = """
    ubl|unbulleted list|ublist|vunblist|bulleted list|blist|ulist|ordered list|olist|columns-list|collapsible list
"""
RENDERERS: dict[str, Renderer] = {
    **DATES,
    **named(TEXT, argument(1)),
    **named(SECOND_ARGUMENT, argument(2)),
    **named("transl|transliteration|tlit", argument(3)),
    **named(QUOTATION, quotation),
    **named(ITEMS, items),
    **named("convert|cvt", quantity),
    **named("frac|sfrac|fraction|tfrac|dfrac", fraction),
    **named("val", value_with_error),
    **named("chem", formula),
    **named("nihongo|nihongo3", japanese),
    **named("hlist|horizontal list", joined(" · ")),
    **named("csv|comma separated entries", joined(", ")),
    **named("simplenuclide|simplenuclide2", joined("-")),
    **named("fossil range|long fossil range|geological range", joined("–")),
    **named("marriage|married", marriage),
    **named("harvtxt|harvcoltxt|citet", author_and_year),
    **named("historical populations|us census population", population),
    **named("bar percent", lambda arguments: f"{arguments.get('1', '')}: {arguments.get('3', '')}%"),
    **named("url", web_address),
    **named("ship", joined(" ")),
    **{name: surrounded(f"{name.upper()} ") for name in ("uss", "hms", "rms", "ss", "hmas", "hmcs", "sms")},
    **named("nbsp|spaces|space|sp|thinsp|thin space|hair space", constant("&nbsp;")),
    **named("zwsp|zwnj|zwj|wbr|shy|-|clear|clr|clear left|clear right|anchor|anchors", constant("")),
    **named("ndash|en dash|–", constant("–")),
    **named("mdash|em dash|—|mdashb", constant("—")),
    **named("snd|snds|spnd|spaced ndash|spaced en dash|dash", constant("&nbsp;– ")),
    **named("·|dot|middot|•|bull|bullet", constant(" · ")),
    **named("pipe", constant("&#124;")),
    **named("=", constant("&#61;")),
    **named("'", constant("&#39;")),
    **named("'s", constant("&#39;s")),
    **named("' \"", constant("&#39;&quot;")),
    **named("\" '", constant("&quot;&#39;")),
    **named("(", constant("&#123;")),
    **named(")", constant("&#125;")),
    **named("*", constant("&#42;")),
    **named("\\", constant("/")),
    **named("dagger|†", constant("†")),
    **named("degree|deg", constant("°")),
    **named("eqm", constant("⇌")),
    **named("sup|^", lambda arguments: superscript(arguments.get("1", ""))),
    **named("sub", lambda arguments: subscript(arguments.get("1", ""))),
    **named("su", lambda arguments: superscript(arguments.get("p", "")) + subscript(arguments.get("b", ""))),
    **named("e", lambda arguments: f"×10{superscript(arguments.get('1', ''))}"),
    **named("pow", lambda arguments: arguments.get("1", "") + superscript(arguments.get("2", ""))),
    **named("sqrt|radic", surrounded("√")),
    **named("angbr|angle bracket", surrounded("⟨", "⟩")),
    **named("gloss", surrounded("‘", "’")),
    **named("lit|literal translation|literally", surrounded("lit. ‘", "’")),
    **named("sic", lambda arguments: f"{arguments.get('1', '')} [sic]".strip()),
    **named("us$|usd", surrounded("US$")),
    **named("£|gbp", surrounded("£")),
    **named("€|eur", surrounded("€")),
    **named("a$|aud", surrounded("A$")),
    **named("c$|cad", surrounded("C$")),
    **named("¥|jpy", surrounded("¥")),
    **named("inr|indian rupee|₹", surrounded("₹")),
    **named("yes", argument_or("Yes")),
    **named("no", argument_or("No")),
    **named("won", argument_or("Won")),
    **named("nom|nominated", argument_or("Nominated")),
    **named("n/a|na", argument_or("N/A")),
    **named("dunno|?", argument_or("?")),
    **named("ipa", lambda arguments: DROPPED if "2" in arguments else arguments.get("1", "")),  # two: a pronunciation
    "!": constant("|"),  # these two part the cells of a table
    "!!": constant("||"),
}

FUNCTIONS: dict[str, Callable[[str], str]] = {
    "formatnum": str,
    "lc": str.lower,
    "uc": str.upper,
}
