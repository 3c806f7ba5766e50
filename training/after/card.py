"""The model card: what a model is, where it comes from and what it was trained on, as Markdown for the Hub."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.artifact import Artifact
from training.bill.amounts import Amount
from training.bill.bill import Bill
from training.models.presets import model_preset
from training.runs.run import Run

CARD = "README.md"
HEAD = """\
---
library_name: transformers
pipeline_tag: text-generation
tags:
- phaseline
---
"""
LOADING = """\
```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")
model = AutoModelForCausalLM.from_pretrained("path/to/this/folder")
prompt = tokenizer("The order of", return_tensors="pt", return_token_type_ids=False)
print(tokenizer.decode(model.generate(**prompt, max_new_tokens=50)[0]))
```
"""


@dataclass(frozen=True)
class Origin:
    """Where a model's weights come from.

    Args:
        name: the model's, without its version.
        sentence: how the weights came about, without a full stop.
        run: whose manifest says what the model is.
        checkpoints: that the weights are from.
        bill: of what all of them were trained on.
    """

    name: str
    sentence: str
    run: Run
    checkpoints: Sequence[Artifact]
    bill: Bill


def write_card(folder: Path, origin: Origin) -> None:
    """Write the card of a model into its folder."""
    (folder / CARD).write_text(f"{HEAD}\n" + "\n".join(sections(origin)))


def sections(origin: Origin) -> Iterator[str]:
    """The parts of a card, one below the other."""
    yield f"# {origin.name.removeprefix('models/')}\n"
    yield f"{origin.sentence}. A base model: it continues text, and follows no instructions.\n"
    yield LOADING
    yield table(["", ""], list(facts(origin)))
    yield "## What it was trained on\n"
    yield f"{diet(origin.bill)} Repeats are counted; one epoch is one pass over what the blends hold of a source.\n"
    if origin.bill.tokens:
        yield amounts("source", origin.bill.sources)
        yield "Under these licences, which each document keeps from its source:\n"
        yield amounts("licence", origin.bill.licences)
        yield "In these phases:\n"
        yield amounts("phase", origin.bill.phases)


def facts(origin: Origin) -> Iterator[tuple[str, str]]:
    """What the model is and which artifacts it was made from, a row each."""
    manifest = origin.run.manifest
    shape = model_preset(manifest.model).shape
    num_parameters = shape.num_parameters(manifest.tokenizer.vocab_size)
    tokenizer = manifest.tokenizer
    yield "model", f"{manifest.model} ({shape.family}), {num_parameters:,} parameters"
    yield "context", f"{manifest.window_length:,} tokens"
    yield "vocabulary", f"{tokenizer.vocab_size:,} tokens"
    yield "recipe", manifest.recipe
    yield "manifest", f"{origin.run.artifact.name}, digest {manifest.digest}"
    for checkpoint in origin.checkpoints:
        yield "checkpoint", f"{checkpoint.name}, digest {checkpoint.digest}"
    yield "tokenizer", f"{tokenizer.asset}@{tokenizer.version}, digest {tokenizer.digest}"
    yield "code", origin.checkpoints[-1].record.provenance.code


def diet(bill: Bill) -> str:
    """How much was trained on, in words."""
    known = f"{bill.tokens:,} tokens in {bill.steps:,} steps."
    unknown = "".join(
        f" Training began with {model}, whose own training data is not known here." for model in bill.unknown
    )
    return known + unknown


def amounts(kind: str, by_name: Mapping[str, Amount]) -> str:
    """A table of what was trained on, by name, the most first."""
    ordered = sorted(by_name.items(), key=lambda item: -item[1].tokens)
    rows = [
        [name, f"{amount.tokens:,}", f"{amount.share:.1%}", f"{amount.lr_weighted_share:.1%}", epochs(amount)]
        for name, amount in ordered
    ]
    return table([kind, "tokens", "share", "share weighted by learning rate", "epochs"], rows)


def epochs(amount: Amount) -> str:
    return "–" if amount.epochs is None else f"{amount.epochs:.3f}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; names stand left, numbers right."""
    rules = ["---", *("---:" if column else "---" for column in columns[1:])]
    lines = [f"| {' | '.join(row)} |" for row in (columns, rules, *rows)]
    return "\n".join(lines) + "\n"
