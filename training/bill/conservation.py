"""Whether a bill adds up: to what the steps took, whichever way its tokens are told apart."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from pipelines.record import Check
from training.bill.bill import Bill, StretchBill
from training.bill.lines import StretchOfSteps
from training.sampling.order import Order


def tokens_conserved(bill: Bill, last: StretchOfSteps) -> Check:
    """The check that a bill's tokens are those of all its steps, whichever way they are told apart.

    The last stretch, whose bill was counted along the documents, is compared with what its steps took by their batches
    alone, and by the order of its samples for each name in blends. The other stretches were when they were the last.
    """
    tokens = sum(stretch.tokens for stretch in bill.stretches[:-1]) + tokens_of_steps(last)
    told_apart = {
        "names": bill.names,
        "sources": bill.sources,
        "buckets": bill.buckets,
        "licences": bill.licences,
        "phases": bill.phases,
    }
    totals = {kind: sum(amount.tokens for amount in amounts.values()) for kind, amounts in told_apart.items()}
    wrong = [f"{total:,} by {kind}" for kind, total in totals.items() if total != tokens]
    wrong += wrong_names(last, bill.stretches[-1])
    found = "; ".join(wrong) or f"so many by {', '.join(told_apart)}, too"
    detail = f"{tokens:,} tokens in {bill.steps:,} steps; {found}"
    return Check(name="tokens_conserved", passed=not wrong, detail=detail)


def tokens_of_steps(stretch: StretchOfSteps) -> int:
    """The tokens of a stretch's steps, by their batches alone."""
    return stretch.manifest.tokens_done(stretch.end_step) - stretch.manifest.tokens_done(stretch.first_step)


def wrong_names(stretch: StretchOfSteps, bill: StretchBill) -> Iterator[str]:
    """Where the documents of a name do not add up to the samples that a phase's steps took of it."""
    manifest, order = stretch.manifest, Order(stretch.manifest)
    found: Counter[tuple[str, str]] = Counter()
    for line in bill.lines:
        found.update({(phase, line.name): taken.tokens for phase, taken in line.phases.items()})
    for phase in manifest.phases:
        first, end = np.clip([stretch.first_step, stretch.end_step], phase.first_step, phase.end_step).tolist()
        edges = phase.first_sample + (np.array([first, end]) - phase.first_step) * phase.global_batch_size
        before, after = order.counts(edges) * phase.sequence_length
        for source, tokens in zip(manifest.sources, (after - before).tolist(), strict=True):
            if found[phase.name, source.name] != tokens:
                yield f"{found[phase.name, source.name]:,} of {source.name} in {phase.name} instead of {tokens:,}"
