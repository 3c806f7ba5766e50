"""What a model writes is shown as text, whatever it writes."""

from assets.samples import samples_markdown
from training.after.generate import Sample


def test_a_table_of_samples_has_a_row_for_each_whatever_they_hold() -> None:
    written = "a | b\n\n**c** <img src=x> \x1b[31m $d$ [e](f) `g`"
    sample = Sample("first\nline", [written], "web", "0" * 32, "x" * 2000)
    lines = samples_markdown([sample, sample]).split("\n")
    assert len(lines) == 4
    for line in lines[2:]:
        assert line.startswith("| web | first line | a \\| b \\*\\*c\\*\\* \\<img src=x\\> ")
        assert "\x1b" not in line
        assert line.replace("\\|", "").count("|") == 5
        assert len(line) < 500
