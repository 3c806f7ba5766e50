"""Everything that is declared, read at once: sources, corpus, scorers, buckets, expectations, recipes."""

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipelines.contamination.declaration import read_benchmarks
from pipelines.declared import Declared, read_declaration
from pipelines.dedup.parameters import DedupParameters, refuse_wrong_priority
from pipelines.engines import Engine, read_engine
from pipelines.errors import PhaselineError
from pipelines.held_out import HeldOut
from pipelines.sources import Domain, ModelFile, Source, read_domains
from pipelines.store import Store
from pipelines.tokenizer import AnyTokenizer
from quality.bucketing.declaration import BucketsDeclaration, read_buckets
from quality.classifier.declaration import FastTextScorer
from quality.perplexity.declaration import read_perplexity
from quality.ratchet.ratchet import Ratchet
from quality.scoring.declaration import (
    HeuristicScorer,
    Scorer,
    read_scorers,
    refuse_shared_names,
    refuse_unknown_measures,
)
from quality.validation.expectations import Expectations
from quality.validators import Validators
from training.compiler.leaves import shards_of
from training.declared.recipe import Recipe
from training.declared.recipes import read_recipes
from training.declared.trainer import read_trainer
from training.declared.used_names import reached

REPOSITORY = Path(__file__).resolve().parent.parent
DATA_DOCS = "data_docs"  # in the home: a page for each validation


class Evaluation(Declared):
    """How much of each domain's held-out documents is evaluated."""

    max_tokens_per_domain: Annotated[int, Field(gt=0)]


class Corpus(Declared):
    """What holds for all sources together. ``priority`` lists sources, the preferred survivor of duplicates first."""

    dedup: DedupParameters
    priority: tuple[str, ...]
    held_out: HeldOut
    tokenizer: AnyTokenizer
    evaluation: Evaluation


def default_trainer() -> Path:
    """The trainer file that PHASELINE_TRAINER names, so that a cluster's need not lie in the repository."""
    return Path(os.environ.get("PHASELINE_TRAINER") or REPOSITORY / "assets/trainer.yaml").expanduser().resolve()


def default_engine() -> Path:
    """The engine file that PHASELINE_ENGINE names, so that a cluster's need not lie in the repository."""
    return Path(os.environ.get("PHASELINE_ENGINE") or REPOSITORY / "assets/engine.yaml").expanduser().resolve()


@dataclass(frozen=True)
class Folders:
    """Where declarations lie."""

    sources: Path = REPOSITORY / "assets/sources"
    identifier: Path = REPOSITORY / "assets/models/lid_176.yaml"
    corpus: Path = REPOSITORY / "assets/corpus.yaml"
    benchmarks: Path = REPOSITORY / "assets/benchmarks.yaml"
    scorers: Path = REPOSITORY / "quality/scorers"
    buckets: Path = REPOSITORY / "quality/buckets"
    expectations: Path = REPOSITORY / "quality/expectations"
    ratchets: Path = REPOSITORY / "quality/ratchets.yaml"
    recipes: Path = REPOSITORY / "training/recipes"
    perplexity: Path = REPOSITORY / "quality/perplexity/quadrants.yaml"
    engine: Path = field(default_factory=default_engine)
    trainer: Path = field(default_factory=default_trainer)


@dataclass(frozen=True)
class ShardsName:
    """One set of shards: a domain, and a bucket of it where the domain has buckets."""

    name: str
    domain: str
    bucket: str | None


class Project:
    """The declarations of a project, checked against each other; raises PhaselineError before any work."""

    def __init__(self, home: Path, folders: Folders | None = None) -> None:
        self.home = home
        self.folders = folders or Folders()
        self.domains: Sequence[Domain] = read_domains(self.folders.sources)
        self.identifier = read_declaration(self.folders.identifier, ModelFile)
        self.corpus = read_declaration(self.folders.corpus, Corpus)
        self.benchmarks = read_benchmarks(self.folders.benchmarks)
        self.scorers: Mapping[str, Scorer] = read_scorers(self.folders.scorers)
        self.buckets: Mapping[str, BucketsDeclaration] = read_buckets(self.folders.buckets)
        self.recipes: Mapping[str, Recipe] = read_recipes(self.folders.recipes)
        self.perplexity = read_perplexity(self.folders.perplexity)
        self.expectations = Expectations(self.folders.expectations, home / DATA_DOCS)
        self.validators = Validators([self.expectations, Ratchet(self.folders.ratchets, Store(home, only_look=True))])
        self.store = Store(home, self.validators)
        self.engine: Engine = read_engine(self.folders.engine)
        self.trainer = read_trainer(self.folders.trainer)
        self._check()

    def looking(self) -> "Project":
        """This project with a store that makes nothing."""
        other = copy.copy(self)
        other.store = Store(self.home, self.validators, only_look=True)
        return other

    @cached_property
    def domain_of(self) -> dict[str, str]:
        """The domain of each source."""
        return {source.name: domain.domain for domain in self.domains for source in domain.sources}

    @cached_property
    def sources(self) -> list[Source]:
        return [source for domain in self.domains for source in domain.sources]

    @cached_property
    def shards(self) -> dict[str, ShardsName]:
        """The sets of shards by the names that blends use."""
        names = []
        for domain in sorted({domain.domain for domain in self.domains}):
            if domain in self.buckets:
                names += [
                    ShardsName(f"{domain}_{bucket}", domain, bucket) for bucket in self.buckets[domain].bucket_names
                ]
            else:
                names.append(ShardsName(domain, domain, None))
        return {shards.name: shards for shards in names}

    def documents_of_domain(self, domain: str) -> list[str]:
        """The assets of documents of a domain's snapshots."""
        return [asset for source in self.sources if self.domain_of[source.name] == domain for asset in source.documents]

    def deferred_rules(self, domain: str) -> tuple[str, ...]:
        """The rules that a document of a domain may be excused from by its bucket."""
        return self.buckets[domain].deferred_rules if domain in self.buckets else ()

    @property
    def presets(self) -> list[Recipe]:
        """The recipes that have a file of their own; the others are their arms."""
        return [recipe for recipe in self.recipes.values() if (self.folders.recipes / f"{recipe.name}.yaml").is_file()]

    def shards_of(self, recipe: Recipe) -> list[str]:
        """The sets of shards that a recipe names, also those that only a cap does; raises PhaselineError for others."""
        names = {name: f"phases.{phase.name}.blend" for phase in recipe.phases for name in reached(recipe, phase.blend)}
        capped = {name: f"max_epochs.{name}" for name in recipe.max_epochs}
        return sorted(
            {
                shards
                for name, field in sorted((capped | names).items())
                for shards in shards_of(
                    name, recipe.groups, self.shards, f"{self.folders.recipes}: {recipe.name}: {field}"
                )
            }
        )

    def _check(self) -> None:
        refuse_wrong_priority(self.corpus.priority, self.domain_of, f"{self.folders.corpus}: priority")
        benchmarks = [benchmark.name for benchmark in self.benchmarks.benchmarks]
        refuse_shared_names(self.scorers, [*self.domain_of, *benchmarks], self.folders.scorers)
        for scorer in self.scorers.values():
            self._check_scorer(scorer)
        for buckets in self.buckets.values():
            self._check_buckets(buckets)
        for recipe in self.recipes.values():
            self.shards_of(recipe)

    def _check_scorer(self, scorer: Scorer) -> None:
        where = f"{self.folders.scorers}/{scorer.name}.yaml"
        domains = {domain.domain: domain for domain in self.domains}
        if scorer.domain not in domains:
            raise PhaselineError(
                f"{where}: domain: there is no domain {scorer.domain}", f"name one of: {', '.join(sorted(domains))}"
            )
        if isinstance(scorer, FastTextScorer) and (
            unknown := sorted(scorer.source_labels.keys() - self.domain_of.keys())
        ):
            raise PhaselineError(
                f"{where}: there is no source {', '.join(unknown)}",
                f"name some of: {', '.join(sorted(self.domain_of))}",
            )
        if isinstance(scorer, HeuristicScorer):
            refuse_unknown_measures(scorer, domains[scorer.domain].filters.measures, where)

    def _check_buckets(self, buckets: BucketsDeclaration) -> None:
        fit = [name for name, scorer in self.scorers.items() if scorer.domain == buckets.domain]
        if unknown := sorted({*buckets.scorers} - {*fit}):
            raise PhaselineError(
                f"{self.folders.buckets}/{buckets.domain}.yaml: scorers: {', '.join(unknown)} is no scorer of "
                f"{buckets.domain}",
                f"name some of: {', '.join(fit) or 'none is declared'}",
            )


def default_home() -> Path:
    """Where artifacts and runs live: PHASELINE_HOME, by default ``data`` in the repository."""
    return Path(os.environ.get("PHASELINE_HOME") or REPOSITORY / "data").expanduser().resolve()
