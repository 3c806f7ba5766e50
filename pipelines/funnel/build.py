"""Funnels from what the files of a corpus hold: of its domains, of a domain's sources, of a source's snapshots."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipelines.corpus import HELD_OUT, TRAIN
from pipelines.errors import PhaselineError
from pipelines.filters import FILTER_REASONS
from pipelines.funnel.amount import Amount
from pipelines.funnel.corpus import Corpus, TokenSet
from pipelines.funnel.count import Counts, Scope, Tally, count
from pipelines.funnel.funnel import WAITING, Funnel, Step, combined, largest_first, total

LANGUAGE_REASONS = frozenset({"language", "language_score"})


def funnels(corpus: Corpus, name: str | None = None) -> list[Funnel]:
    """The funnel of each domain; of each source of a domain that is named, or of each snapshot of a source.

    Raises:
        PhaselineError: the corpus has no domain or source of that name.
    """
    domain_of = corpus.domain_of
    domains = {
        domain: [source for source, of in domain_of.items() if of == domain]
        for domain in sorted(set(domain_of.values()))
    }
    if name is None:
        of_sources = {funnel.name: funnel for funnel in funnels_of(corpus, Scope(list(domain_of), "source"))}
        return [combined(domain, [of_sources[source] for source in sources]) for domain, sources in domains.items()]
    if name in domains:
        return funnels_of(corpus, Scope(domains[name], "source"))
    if name in domain_of:
        return funnels_of(corpus, Scope([name], "snapshot"))
    known = ", ".join([*domains, *domain_of])
    raise PhaselineError(f"{corpus.clean.name} has no domain or source {name}", f"name one of: {known}")


def funnels_of(corpus: Corpus, scope: Scope) -> list[Funnel]:
    """The funnel of each part of a scope."""
    counts = count(corpus, scope)
    return [funnel(part, counts, corpus) for part in parts(corpus, scope, counts.tokenised)]


@dataclass(frozen=True)
class Part:
    """A source, or a snapshot of one. ``rate`` is the tokens by byte of its text, None where nothing is known."""

    name: str
    domain: str
    rate: float | None

    def amounts(self, tally: Tally) -> dict[str, Amount]:
        """The part's amounts of a tally, with tokens estimated."""
        return {name: self.with_tokens(amount) for name, amount in tally.get(self.name, {}).items()}

    def with_tokens(self, amount: Amount) -> Amount:
        return replace(amount, num_tokens=None if self.rate is None else round(amount.num_bytes * self.rate))


def parts(corpus: Corpus, scope: Scope, tokenised: Tally) -> list[Part]:
    """The parts of a scope by name.

    A snapshot has the rate of its source, and a source of which nothing is tokenised has that of its domain.
    """
    domains = {}
    for artifact in corpus.documents:
        source = artifact.record.parameters["source"]
        if source in scope.sources:
            domains[artifact.record.parameters[scope.by]] = corpus.domain_of[source]
    own = {name: total(tokenised.get(name, {}).values()) for name in domains}
    of_domain: defaultdict[str, Amount] = defaultdict(Amount)
    for name, amount in own.items():
        of_domain[domains[name]] += amount
    return [
        Part(name, domain, rate(own[name] if scope.by == "source" else Amount()) or rate(of_domain[domain]))
        for name, domain in sorted(domains.items())
    ]


def rate(amount: Amount) -> float | None:
    """Tokens by byte."""
    return amount.num_tokens / amount.num_bytes if amount.num_tokens else None


def funnel(part: Part, counts: Counts, corpus: Corpus) -> Funnel:
    """The funnel of a part; the tokens of what is in no shards are estimated."""
    documents, survivors, clean = map(part.amounts, (counts.documents, counts.survivors, counts.clean))
    buckets = buckets_step(part, clean, counts, corpus)
    rejected, duplicates, contaminated = (
        largest_first(part.amounts(tally)) for tally in (counts.rejected, counts.duplicates, counts.contaminated)
    )
    for reason in rejected.keys() - LANGUAGE_REASONS - FILTER_REASONS:  # no text, so no tokens
        rejected[reason] = replace(rejected[reason], num_tokens=0)
    texts = total([*documents.values(), *rejected.values()])
    read = replace(counts.read[part.name]["records"], num_tokens=texts.num_tokens)
    in_shards = counts.tokenised.get(part.name, {})
    return Funnel(
        part.name,
        Step("documents", read, documents, rejected),
        Step("dedup", total(documents.values()), survivors, duplicates),
        Step("decontamination", total(survivors.values()), clean, contaminated),
        buckets,
        tokenised_step(part, TRAIN, buckets.kept.get(TRAIN, Amount()), in_shards, corpus),
        tokenised_step(part, HELD_OUT, buckets.kept.get(HELD_OUT, Amount()), in_shards, corpus),
    )


def buckets_step(part: Part, clean: Mapping[str, Amount], counts: Counts, corpus: Corpus) -> Step:
    """What the buckets of a part's domain keep and drop; all passes where there are none."""
    kept, dropped = clean, {}
    if part.domain in corpus.buckets:
        kept, dropped = part.amounts(counts.in_buckets), largest_first(part.amounts(counts.not_in_buckets))
    return Step("buckets", total(clean.values()), kept, dropped)


def tokenised_step(part: Part, split: str, came_in: Amount, in_shards: Mapping[str, Amount], corpus: Corpus) -> Step:
    """What the shards of a split hold, and what is left over while some of them are not made.

    Args:
        in_shards: the part's documents in shards of any split, by asset.
    """
    of_split = {artifact.asset for artifact, of in corpus.shards if of.split == split}
    kept = {asset: amount for asset, amount in sorted(in_shards.items()) if asset in of_split}
    left = came_in - total(kept.values())
    if TokenSet(part.domain, split) in corpus.waiting and left.num_documents > 0:
        kept[WAITING] = part.with_tokens(left)
    return Step(split, came_in, kept, {})
