r"""LaTeX projects: one document for each main file, its text as a reader sees it, its formulas as TeX."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import ALL, read, reasons, texts

from pipelines.extract.latex import latex_to_text
from pipelines.extract.latex_source import expand_macros, without_comments
from pipelines.readers import latex
from pipelines.readers.formats import LatexReader

LATEX = LatexReader(format="latex", include=ALL)

ARTICLE = rb"""
% a comment with \documentclass
\documentclass{article}
\usepackage{amsmath}
\newcommand{\R}{\mathbb{R}}
\newcommand{\norm}[1]{\lVert #1 \rVert}
\DeclareMathOperator{\rank}{rank}
\def\eg{e.g.\ }
\title{On \emph{Norms}\thanks{Nobody.}}
\author{A. N. Author}
\begin{document}
\maketitle
\begin{abstract}
We study na\"ive norms, \eg on $\R^n$~\cite{a,b}.
\end{abstract}
\section{Introduction}\label{sec:one}
A line that is wrapped % here
in the source, 100\% of it -- and ``quoted''.
\input{parts/theorem}
\input{missing}
\begin{figure}\includegraphics[width=3cm]{a.png}\caption{A figure}\end{figure}
\begin{itemize}
  \item one
  \item[two] more
\end{itemize}
\begin{verbatim}
x = 1  % kept
\end{verbatim}
See \href{http://a.org}{this}, \url{http://b.org/a_b} and \unknown{that}.\footnote{Not shown.}
\bibliographystyle{plain}
\begin{thebibliography}{9}\bibitem{a} A.\end{thebibliography}
\end{document}
Never read.
"""
THEOREM = rb"""
\begin{theorem}[Main] % of all
For $x \in \R$ we have \[ \norm{x} \ge 0 \] and
\begin{align*}
 \rank A &\le 1 \label{eq} \\
 1 &= 1
\end{align*}
\end{theorem}
\input{parts/theorem} \input{../outside} \input{/etc/passwd}
"""
TEXT = r"""On Norms

Abstract. We study naïve norms, e.g. on $\mathbb{R}^n$.

Introduction

A line that is wrapped in the source, 100% of it – and “quoted”.

Theorem (Main). For $x \in \mathbb{R}$ we have
\[ \lVert x \rVert \ge 0 \]
and
\begin{align}
\operatorname{rank}A &\le 1  \\
 1 &= 1
\end{align}

• one
• two more

x = 1  % kept

See this, http://b.org/a_b and that."""


def test_a_project_is_one_document() -> None:
    parts = {"p/parts/theorem.tex": THEOREM, "outside.tex": b"outside", "/etc/passwd.tex": b"outside"}
    (record,) = read(LATEX, "p/main.tex", ARTICLE, parts)
    assert record.rejection is None
    assert record.text == TEXT
    assert reasons(read(LATEX, "p/parts/theorem.tex", THEOREM)) == ["not_a_main_file"]


def test_files_are_read_in_the_encoding_that_they_declare() -> None:
    code = "\\documentclass{a}\n\\usepackage[latin1]{inputenc}\n\\begin{document}\ncafé\n\\end{document}"
    assert texts(read(LATEX, "a.tex", code.encode("latin-1"))) == ["café"]
    assert texts(read(LATEX, "a.tex", code.encode())) == ["café"]
    undeclared = code.replace("latin1", "utf8").encode("latin-1")
    assert reasons(read(LATEX, "a.tex", undeclared)) == ["invalid_utf8"]


def test_a_project_that_reads_itself_over_and_over_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latex, "MOST_BYTES", 10_000)
    main = rb"\documentclass{a}\begin{document}" + rb"\input{a}" * 10 + rb"\end{document}"
    others = {f"{name}.tex": rb"\input{%b}" % following * 10 for name, following in (("a", b"b"), ("b", b"c"))}
    assert reasons(read(LATEX, "main.tex", main, {**others, "c.tex": b"x" * 100})) == ["too_large"]


def test_only_simple_macros_are_expanded() -> None:
    assert expand_macros(r"\newcommand\R{\mathbb R}$\R x$, \Rb") == r"$\mathbb Rx$, \Rb"
    assert expand_macros(r"\newcommand{\a}{\b}\def\b{c}\a\b") == "cc"
    assert expand_macros(r"\def\e{\varepsilon}$\e x$ $\e\e x$") == r"$\varepsilon x$ $\varepsilon\varepsilon x$"
    assert expand_macros(r"\newcommand{\f}[2]{#2/#1}\f{a}b \f \x{y}") == r"b/a y/\x"
    optional = r"\newcommand{\f}[2][x]{#2/#1}\f{a}"
    assert expand_macros(optional) == optional
    assert expand_macros(r"\def\loop{\loop}\loop") == r"\loop"
    doubling = "".join(rf"\def\{a}{{\{b}\{b}}}" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    assert len(expand_macros(doubling * 3 + r"\a" * 1000)) == 2000


def test_percent_signs_are_comments_where_tex_has_them_so() -> None:
    assert without_comments("a % b\n%c\n  % d\n50\\% e\n") == "a \n50\\% e\n"
    assert without_comments("\\\\% a\n") == "\\\\\n"


@pytest.mark.parametrize(
    "unit",
    ["{", "$", "\\[", "\\(", "\\section{", "\\begin{equation}", "\\label[", "\\newcommand{\\a}{", "\\'{", "(", "~\n"],
)
def test_markup_that_never_closes_is_read(unit: str) -> None:
    latex_to_text(without_comments(unit * 5000))


@given(st.text("\\{}[]$%&~ \n()abeginvrs'`^", max_size=200))
def test_any_markup_is_read(code: str) -> None:
    latex_to_text(without_comments(code))
