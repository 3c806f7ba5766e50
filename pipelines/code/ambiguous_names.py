"""Suffixes that several languages share, and the signs that tell them apart.

The signs are lines and words that one of the languages has in nearly every file and the others hardly can have, as in
https://github.com/github-linguist/linguist/blob/main/lib/linguist/heuristics.yml.
"""

import re

Rules = tuple[tuple[str, re.Pattern[str] | None], ...]  # tried in order; no pattern fits every text


def line(*beginnings: str) -> re.Pattern[str]:
    """A line that begins with one of these patterns after blank space."""
    return re.compile(rf"^[ \t]*(?:{'|'.join(beginnings)})", re.MULTILINE)


def anywhere(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


OBJECTIVE_C = line(r"@(?:interface|implementation|protocol|class|import|property|end)\b", r"#import\s")
CPP = line(
    r"(?:class|struct)\s+(?:\w+\s+)?\w+\s*(?:final\s*)?:\s*(?:public|private|protected)",
    r"class\s+(?:\w+\s+)?\w+\s*[{;]",
    r"(?:inline\s+)?namespace\b[\w\s:]*\{",
    r"(?:template\s*<|using\s+\w|(?:public|private|protected)\s*:|constexpr\s|virtual\s|explicit\s)",
    r"#\s*include\s*<[a-z_]+>",
    r"[^/*\n\"]*\w::\w",
)
PROLOG = line(r":-\s", r"[a-z]\w*(?:\([^\n]*\))?\s*:-", r"[a-z]\w*\([^\n;{}$]*\)\.\s*(?:%.*)?$")
PERL = line(
    r"use\s+(?:strict|warnings|v?5|utf8|\w+::)",
    r"sub\s+\w+",
    r"(?:my|our|local)\s+[($@%]",
    r"package\s+[\w:]+\s*;",
    r"=(?:pod|head\d)\b",
)
RAKU = line(
    r"use\s+v6",
    r"(?:unit\s+)?(?:module|class|role|grammar)\s+[\w:]+[\s;{]",
    r"(?:multi\s+)?(?:method|token|rule)\s+\w+",
    r"my\s+\w+\s+\$",
)

COQ = line(
    r"(?:Require|From|Theorem|Lemma|Definition|Inductive|Proof|Fixpoint|Section|Module|Notation)\b[^\n;]*\.?\s*$"
)
TASM = re.compile(r"^\s*(?:\.model|\.data\b|\.code\b|ideal\b|assume\s|\w+\s+segment\b)", re.MULTILINE | re.IGNORECASE)
ACTIONSCRIPT_3 = line(
    r"package\b", r"import\s+flash\.", r"(?:public|private|internal)\s+(?:final\s+)?(?:class|function|var)\b"
)
GAP_DECLARATION = line(r"(?:DeclareOperation|DeclareAttribute|DeclareGlobalFunction|InstallMethod)\(", r"##")

AMBIGUOUS: dict[str, Rules] = {
    ".h": (("objective-c", OBJECTIVE_C), ("cpp", CPP), ("c", None)),
    ".hh": (("cpp", None),),
    ".m": (
        ("objective-c", OBJECTIVE_C),
        ("objective-c", line(r"#include\b", r"//")),
        ("mathematica", line(r"\(\*", r"BeginPackage\[", r"\w+\[[^\n]*_[^\n]*\]\s*:?=")),
        ("mason", line(r"<%", r"</%")),
        ("octave", line(r"#", r"end(?:function|if|while|for)\b", r"1;")),
        ("matlab", None),
    ),
    ".mm": (("maple", line(r"\w+\s*:=\s*(?:proc|module)\b", r"#")), ("objective-c++", None)),
    ".pl": (
        ("cplint", anywhere(r"library\((?:pita|mcintyre|slipcover|cplint_r)\)", r"\]\s*:\s*[\d.]+\s*;")),
        ("perl", re.compile(r"\A#!.*\bperl\b(?!6)")),
        ("raku", re.compile(r"\A#!.*\b(?:perl6|raku)\b|^\s*use\s+v6", re.MULTILINE)),
        ("prolog", PROLOG),
        ("perl", None),
    ),
    ".pm": (("perl", PERL), ("raku", RAKU), ("promela", line(r"(?:active\s+)?proctype\b", r"mtype\b")), ("perl", None)),
    ".t": (
        ("tads3", line(r"#charset\b", r"#include\s+[<\"](?:adv3|tads)")),
        ("perl", PERL),
        ("raku", RAKU),
        ("perl", None),
    ),
    ".v": (
        ("coq", COQ),
        ("verilog", None),
    ),
    ".s": (("ca65", line(r"\.(?:proc|endproc|segment|macpack|setcpu|feature)\b", r"ld[axy]\s")), ("gas", None)),
    ".asm": (("tasm", TASM), ("nasm", None)),
    ".fs": (("fsharp", line(r"(?:open|module|namespace|let|type)\s+\w", r"//", r"\(\*")), ("forth", None)),
    ".inc": (
        ("php", anywhere(r"<\?(?:php|=|\s)")),
        ("pov", line(r"#(?:declare|macro|local)\b")),
        ("pawn", line(r"(?:native|stock|forward)\s", r"#include\s+<\w+>")),
        ("nasm", line(r"%(?:macro|define|ifdef|ifndef)\b")),
        ("text", None),
    ),
    ".sql": (
        ("sql+jinja", anywhere(r"\{%", r"\{\{")),
        ("tsql", line(r"GO\s*$", r"(?i:declare|set)\s+@\w+")),
        ("sql", None),
    ),
    ".as": (("actionscript3", ACTIONSCRIPT_3), ("actionscript", None)),
    ".bas": (
        ("cbmbas", line(r"\d+\s*(?i:rem|print|poke|goto|gosub|for|if|let|data|dim)\b")),
        ("vb.net", line(r"Attribute VB_", r"(?:Public|Private|Friend|Imports|Module|Namespace)\s")),
        ("qbasic", None),
    ),
    ".r": (("rebol", re.compile(r"^\s*REBOL\b", re.MULTILINE | re.IGNORECASE)), ("r", None)),
    ".d": (("make", re.compile(r"\A(?:[^\s:]+\s+)*[^\s:]+\.(?:o|lo|obj)\s*:")), ("d", None)),
    ".ts": (("xml", re.compile(r"\A\ufeff?\s*<\?xml|\A\s*<!DOCTYPE TS>")), ("typescript", None)),
    ".cls": (
        ("tex", anywhere(r"\\(?:ProvidesClass|NeedsTeXFormat|LoadClass)\b")),
        ("vb.net", line(r"VERSION \d", r"Attribute VB_")),
        ("openedge", None),
    ),
    ".ttl": (("turtle", line(r"(?i:@?prefix|@?base)\s", r"<https?:")), ("teratermmacro", None)),
    ".pro": (
        ("visualprolog", line(r"(?:implement\s|clauses\s*$|class predicates\b|domains\s*$)")),
        ("prolog", line(r":-\s", r"[a-z]\w*(?:\([^\n]*\))?\s*:-")),
        ("idl", None),
    ),
    ".p": (("pawn", line(r"(?:stock|forward|native)\s", r"#include\s")), ("openedge", None)),
    ".g": (("antlr", line(r"(?:lexer\s+|parser\s+|tree\s+)?grammar\s+\w+\s*;")), ("gap", None)),
    ".cl": (
        ("c", anywhere(r"\b__kernel\b", r"\bget_global_id\b")),
        ("visualprolog", line(r"(?:class|open core|constants)\b")),
        ("common-lisp", None),
    ),
    ".sc": (("python", anywhere(r"\b(?:Environment|Import|SConscript)\(")), ("supercollider", None)),
    ".scd": (("scdoc", re.compile(r"\A[\w-]+\(\d\)")), ("supercollider", None)),
    ".lean": (("lean", line(r"import\s+[a-z_]+(?:\.[a-z_]+)*\s*$", r"begin\s*$")), ("lean4", None)),
    ".gd": (("gap", GAP_DECLARATION), ("gdscript", None)),
    ".j": (("objective-j", OBJECTIVE_C), ("jasmin", None)),
    ".inf": (("inform6", line(r"(?i:constant|include|object|release|array)\s+\S", r"!")), ("ini", None)),
    ".toc": (("wowtoc", line(r"##\s*[\w-]+\s*:")), ("tex", None)),
    ".xsl": (("xslt", None),),
    ".xslt": (("xslt", None),),
    ".feature": (("gherkin", None),),
}
