"""The commands and environments of LaTeX that do not simply show what they contain."""


def named(names: str) -> frozenset[str]:
    return frozenset(names.split())


FORMULAS = named("align alignat dmath eqnarray equation flalign gather math displaymath multline subequations")
VERBATIM = named("alltt lstlisting minted verbatim Verbatim")
LEFT_OUT = named(
    """
    acks CCSXML comment figure filecontents keywords longtable picture pspicture sidewaysfigure sidewaystable table
    tabular tabularx thebibliography tikzcd tikzpicture wrapfigure
    """
)
TITLES = {
    "Abstract": "abstract",
    "Claim": "claim",
    "Conjecture": "conj conjecture",
    "Corollary": "cor coro corollary",
    "Definition": "defi definition defn",
    "Example": "example exmp",
    "Lemma": "lem lemma lemm",
    "Proof": "pf proof",
    "Proposition": "prop proposition",
    "Remark": "rem remark rmk",
    "Theorem": "theo theorem thm",
}
STATEMENTS = {name: title for title, names in TITLES.items() for name in names.split()}

HEADINGS = named("chapter paragraph part section subparagraph subsection subsubsection")
# Commands that show none of their arguments, and those that show all but the first.
SHOW_NOTHING = named(
    """
    addcontentsline address affiliation author autoref bibitem bibliography bibliographystyle caption cite citealp
    citeauthor citep citet color cref Cref date email eqref fontsize footnote footnotemark footnotetext graphicspath
    hphantom hspace hypersetup include includegraphics index input institute keywords label markboth newcommand
    newtheorem nocite pagestyle pageref phantom ref renewcommand rule setcounter setlength thanks theoremstyle
    thispagestyle title usepackage vphantom vspace
    """
)
SHOW_ALL_BUT_FIRST = named("colorbox foreignlanguage href parbox raisebox resizebox scalebox textcolor")
LETTERS = "ae:æ AE:Æ oe:œ OE:Œ o:ø O:Ø aa:å AA:Å l:ł L:Ł ss:ß i:i j:j"
SIGNS = """
    ldots:… dots:… textellipsis:… S:§ P:¶ dag:† copyright:© pounds:£ euro:€ textdegree:° textmu:µ textendash:–
    textemdash:— textbackslash:\\ textasciitilde:~ textasciicircum:^ textbar:| textless:< textgreater:> LaTeX:LaTeX
    TeX:TeX
"""
SYMBOLS = dict(entry.split(":", 1) for entry in f"{LETTERS} {SIGNS}".split())
# Combining characters for TeX's accents.
ACCENTS = dict(
    zip(
        "`'^\"~=.uvHcdbrk",
        "\u0300\u0301\u0302\u0308\u0303\u0304\u0307\u0306\u030c\u030b\u0327\u0323\u0331\u030a\u0328",
        strict=True,
    )
)
