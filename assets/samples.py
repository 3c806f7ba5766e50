"""What models write, on the terminal and as Markdown for a model's page."""

from collections.abc import Iterable, Sequence

from rich.padding import Padding
from rich.text import Text

from assets.project import Project
from assets.shown_text import visible
from assets.tables import console
from pipelines.store import Artifact
from training.after.generate import Sample, Sampling, generate
from training.after.prompts import held_out_prompts, refuse_other_tokenizer, written_prompt

MOST_CHARACTERS = 300  # of each text in a table


def print_samples(
    project: Project, model: Artifact, texts: Sequence[str] | None, sampling: Sampling, count: int
) -> None:
    """Print what a model writes after some texts, or after the beginnings of held-out documents of each domain.

    Args:
        count: how often it continues each text, or how many documents of a domain it continues.
    """
    if texts is None:
        held_out: dict[str, Artifact] = {
            domain.domain: project.store.require(f"held_out/{domain.domain}") for domain in project.domains
        }
        refuse_other_tokenizer(model, held_out.values())
        prompts = list(held_out_prompts(model, held_out, count, sampling.max_tokens, sampling.seed))
    else:
        prompts = [written_prompt(text, model.folder) for text in texts]
    per_prompt = 1 if texts is None else count
    for sample in generate(model, prompts, sampling, per_prompt):
        print_sample(sample)


def print_sample(sample: Sample) -> None:
    """Print a prompt, what was written after it, and what the document says instead."""
    if sample.document is not None:
        console.print(Text.assemble((sample.domain or "", "bold cyan"), " ", (sample.document, "bold")))
    print_text("prompt", sample.prompt)
    for continuation in sample.continuations:
        print_text("continuation", continuation)
    if sample.following is not None:
        print_text("document", sample.following)
    console.print()


def print_text(label: str, text: str) -> None:
    console.print(Text(f" {label}", style="dim"))
    console.print(Padding(Text(visible(text), overflow="fold"), (0, 0, 0, 4), expand=False))


def samples_markdown(samples: Iterable[Sample]) -> str:
    """What was written after the beginnings of held-out documents, as a table."""
    lines = ["| domain | prompt | continuation | document |", "| --- | --- | --- | --- |"]
    for sample in samples:
        texts = (sample.prompt, sample.continuations[0], sample.following or "")
        lines.append(f"| {sample.domain} | {' | '.join(map(cell, texts))} |")
    return "\n".join(lines)


def cell(text: str) -> str:
    """A text in one line of a table, without marks that Markdown would follow."""
    words = " ".join(visible(text).split())[:MOST_CHARACTERS]
    return "".join(f"\\{character}" if character in r"\`*_{}[]<>()#+-.!|~$&" else character for character in words)
