"""The language of a source file, by its name and, where the name leaves a choice or says nothing, by its text."""

import functools
import re
from collections import defaultdict
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from pygments.lexers import LEXERS, find_lexer_class_for_filename

from pipelines.code.ambiguous_names import AMBIGUOUS

Languages = Mapping[str, tuple[str, ...]]  # by pattern of a name

TEXT = "text"
WILDCARDS = frozenset("*?[")
RENAMED = {"splus": "r", "perl6": "raku"}  # what most people call a language that Pygments calls otherwise first
HEAD_CHARACTERS = 1000
RULE_CHARACTERS = 50_000  # in which the signs of a language are looked for
SHEBANG = re.compile(r"#!\s*\S*?/?(?:env\s+(?:-\S+\s+)*)?([\w+.-]+)(?=\s|$)")
INTERPRETERS = {  # those that are not called as their language is
    **dict.fromkeys(("sh", "dash", "ksh", "zsh"), "bash"),
    **dict.fromkeys(("node", "nodejs"), "javascript"),
    **dict.fromkeys(("wish", "tclsh"), "tcl"),
    **dict.fromkeys(("gawk", "mawk"), "awk"),
    **dict.fromkeys(("runhaskell", "stack"), "haskell"),
    "deno": "typescript",
    "rscript": "r",
    "pwsh": "powershell",
    "escript": "erlang",
    "guile": "scheme",
    "osascript": "applescript",
    "ocamlrun": "ocaml",
}
EMACS_MODELINE = re.compile(r"-\*-(?:.*?\bmode:)?\s*([\w+#-]+)\s*(?:;.*?)?-\*-", re.IGNORECASE)
VIM_MODELINE = re.compile(r"\b(?:vim?|ex):.*?\b(?:ft|filetype|syntax)=(\w+)")
MODES = {"c++": "cpp", "shell-script": "bash", "cperl": "perl", "js2": "javascript", "sh": "bash", "viml": "vim"}
BEGINNINGS = {"<?xml": "xml", "<!doctype html": "html", "<html": "html", "<?php": "php"}


def identify_language(path: str, text: str) -> str:
    """The programming language of a file, by Pygments' first name for it; ``text`` where none is known.

    Most names leave no choice, and their text is not looked at.
    """
    name = PurePosixPath(path).name
    candidates = languages_of_name(name)
    if len(candidates) == 1:
        (language,) = candidates
        return language
    return (by_rule(name, text) or analysed(name, text)) if candidates else by_text(text)


def by_rule(name: str, text: str) -> str | None:
    """The language by the first rule for names of its kind that its text fits."""
    for language, pattern in AMBIGUOUS.get(PurePosixPath(name).suffix.lower(), ()):
        if pattern is None or pattern.search(text, 0, RULE_CHARACTERS):
            return language
    return None


def analysed(name: str, text: str) -> str:
    """The language among those of a name that Pygments finds the likeliest for a text."""
    lexer = find_lexer_class_for_filename(name, text)
    return first_name(lexer.aliases) if lexer else TEXT


def by_text(text: str) -> str:
    """The language that a file without a telling name states at its beginning or, for an editor, at its end."""
    head = text[:HEAD_CHARACTERS]
    shebang = SHEBANG.match(head)
    if shebang:
        interpreter = shebang[1].lower().rstrip("0123456789.")
        return known(INTERPRETERS.get(interpreter, interpreter))
    modeline = EMACS_MODELINE.search(head) or VIM_MODELINE.search(head) or VIM_MODELINE.search(text[-HEAD_CHARACTERS:])
    if modeline:
        mode = modeline[1].lower()
        return known(MODES.get(mode, mode))
    beginning = head.lstrip("\ufeff \t\n").lower()
    return next((language for start, language in BEGINNINGS.items() if beginning.startswith(start)), TEXT)


def known(name: str) -> str:
    """Pygments' first name for a language that it knows by this one; ``text`` for another."""
    return _first_names().get(name, TEXT)


@functools.lru_cache(maxsize=100_000)
def languages_of_name(name: str) -> tuple[str, ...]:
    """The languages that a file of this name may be in, sorted; its case counts where both cases are known."""
    whole, suffixes, globs = _patterns()
    for spelling in (name, name.lower()):
        if spelling in whole:
            return whole[spelling]
        position = spelling.find(".")
        while position >= 0:
            if spelling[position:] in suffixes:
                return suffixes[spelling[position:]]
            position = spelling.find(".", position + 1)
    return next((languages for glob, languages in globs.items() if fnmatchcase(name, glob)), ())


@functools.cache
def _patterns() -> tuple[Languages, Languages, Languages]:
    """The languages by whole name, by suffix (with its dot), and by other patterns."""
    whole, suffixes, globs = (defaultdict[str, set[str]](set) for _ in range(3))
    for _, _, aliases, patterns, _ in LEXERS.values():
        for pattern in patterns:
            if not WILDCARDS & set(pattern):
                whole[pattern].add(first_name(aliases))
            elif pattern.startswith("*.") and not WILDCARDS & set(pattern[1:]):
                suffixes[pattern[1:]].add(first_name(aliases))
            else:
                globs[pattern].add(first_name(aliases))
    for suffix, rules in AMBIGUOUS.items():
        suffixes[suffix].update(language for language, _ in rules)
    return sorted_languages(whole), sorted_languages(suffixes), sorted_languages(globs)


def sorted_languages(found: Mapping[str, set[str]]) -> Languages:
    return {pattern: tuple(sorted(languages)) for pattern, languages in found.items()}


@functools.cache
def _first_names() -> Mapping[str, str]:
    return {alias: first_name(aliases) for _, _, aliases, _, _ in LEXERS.values() for alias in aliases}


def first_name(aliases: tuple[str, ...] | list[str]) -> str:
    return RENAMED.get(aliases[0], aliases[0])
