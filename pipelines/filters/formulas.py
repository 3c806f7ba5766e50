"""Rules for mathematics: how much of a text is formulas.

A formula is what stands between TeX's delimiters, ``$ $``, ``$$ $$``, ``\\( \\)``, ``\\[ \\]``, or in an environment
for mathematics, or in a role ``:math:`` of reStructuredText. As in Pandoc (extension ``tex_math_dollars``), a single
dollar opens before what is no space and closes after what is no space and before what is no digit, so that sums of
money are no formulas.
"""

import re
from typing import ClassVar

from pipelines.declared import Declared
from pipelines.filters.rules import Rule

# It begins with one character of three, which is what a search skips to. Each alternative ends at the next delimiter of
# its own kind and gives nothing back, so that a search takes linear time.
FORMULA = re.compile(
    r"""
    [$\\:]
    (?: (?<=\$) (?<!\\\$)
        (?: \$ [^$]++ \$\$
          | (?<!\$\$) (?![\s$]) (?: [^$\\\n] | \\. | \n(?!\s*\n) )*+ (?<!\s) \$ (?![\d$])
        )
      | (?<=\\) (?<!\\\\)
        (?: \( (?: [^\\] | \\[^()] )*+ \\\)
          | \[ (?: [^\\] | \\[^\[\]] )*+ \\\]
          | begin\{ (?P<name> (?:equation|align|gather|multline|eqnarray|displaymath|math)\*? ) \}
            (?: [^\\] | \\(?!(?:begin|end)\{(?P=name)\}) )*+ \\end\{(?P=name)\}
        )
      | (?<=:) math:` [^`]*+ `
    )
    """,
    re.VERBOSE | re.DOTALL,
)
SYMBOLS = [
    (0x2200, 0x22FF),  # operators
    (0x27C0, 0x27EF),
    (0x2980, 0x29FF),
    (0x2A00, 0x2AFF),
    (0x1D400, 0x1D7FF),  # letters
]


class Math(Declared):
    """Bounds on a text's formulas; None switches a bound off.

    ``min_formula_density`` is the fraction of characters inside formulas, delimiters included; ``min_math_symbols`` the
    fraction of characters from Unicode's blocks for mathematics, in formulas or not.
    """

    min_formulas: int | None = 1
    min_formula_density: float | None = None
    min_math_symbols: float | None = None

    RULES: ClassVar = (
        Rule("math.min_formulas", "num_formulas", "math_too_few_formulas"),
        Rule("math.min_formula_density", "formula_density", "math_formula_density"),
        Rule("math.min_math_symbols", "math_symbols", "math_symbols"),
    )
