"""The section on languages and licences: what the training shards hold, in tokens."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from pipelines.colours import CATEGORIES, OTHERS_COLOUR, Colour
from pipelines.corpus import TRAIN
from quality.report.artifacts import CorpusArtifacts
from quality.report.figures import OTHERS, Figure, StackedBars, Table, stacked_bars
from quality.report.page import Section
from quality.report.units import count, percent

Mix = Mapping[str, Counter[str]]  # tokens by domain, then by language or licence


def mix_section(artifacts: CorpusArtifacts) -> Section:
    """The tokens of the training split by language and by licence."""
    anchor, title, missing = "mix", "Languages and licences", artifacts.missing_of("shards/")
    languages, licences = (tokens_by(artifacts, of) for of in ("language", "licence"))
    if not languages:
        return Section(anchor, title, "Nothing is tokenised yet.", missing=missing)
    figures: list[Figure] = [
        mix_bars("Tokens by language, of code by programming language", languages),
        mix_bars("Tokens by licence", licences),
        mix_table("Languages", "language", languages),
        mix_table("Licences", "licence", licences),
    ]
    return Section(anchor, title, in_words(languages, licences), figures, missing=missing)


def tokens_by(artifacts: CorpusArtifacts, of: str) -> Mix:
    """Tokens for training by domain and by what the shards' facts count under ``tokens_by_<of>``."""
    tokens: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for artifact, holds in artifacts.corpus.shards:
        if holds.split == TRAIN:
            tokens[holds.domain].update(artifact.record.facts[f"tokens_by_{of}"])
    return dict(sorted(tokens.items()))


def total(mix: Mix) -> Counter[str]:
    return sum(mix.values(), Counter())


def in_words(languages: Mix, licences: Mix) -> str:
    (language, of_language), (licence, of_licence) = (total(mix).most_common(1)[0] for mix in (languages, licences))
    whole = total(languages).total()
    return (
        f"{count(whole)} tokens to train on, of which {percent(of_language, whole)} are in {language} and "
        f"{percent(of_licence, whole)} under {licence}, the most frequent of {count(len(total(licences)))} licences."
    )


def mix_bars(title: str, mix: Mix) -> StackedBars:
    """The most frequent of all domains in colours of their own, the rest together."""
    most = [name for name, _ in total(mix).most_common(len(CATEGORIES))]
    colours: dict[str, Colour] = dict(zip(most, CATEGORIES, strict=False)) | {OTHERS: OTHERS_COLOUR}
    amounts = {}
    for domain, tokens in mix.items():
        rest = sum(number for name, number in tokens.items() if name not in most)
        amounts[domain] = {name: tokens[name] for name in most} | {OTHERS: rest}
    return stacked_bars(title, amounts, colours, count)


def mix_table(title: str, of: str, mix: Mix) -> Table:
    rows = [
        [domain, name, count(number), percent(number, tokens.total())]
        for domain, tokens in mix.items()
        for name, number in sorted(tokens.items(), key=lambda item: (-item[1], item[0]))
    ]
    return Table(title, ("domain", of), ("tokens", "share of the domain"), rows)
