"""Steps of quality: classifiers, scores, thresholds and buckets of the domains that have them."""

from collections.abc import Iterator

from assets.project import Project
from assets.step import Progress, Step
from pipelines.corpus import CONTAMINATION_ASSET
from pipelines.fetch.raw import ensure_raw
from pipelines.sources import Source
from pipelines.store import Artifact, Outcome
from pipelines.tokenizer import TOKENIZER_ASSET
from quality.bucketing.buckets import ensure_buckets
from quality.bucketing.declaration import BucketsDeclaration
from quality.bucketing.thresholds import ensure_thresholds
from quality.classifier.declaration import FastTextScorer
from quality.classifier.step import ensure_classifier
from quality.scoring.collection import ensure_all_scores
from quality.scoring.declaration import Scorer, files_of


def quality_steps(project: Project) -> Iterator[Step]:
    """The steps from the decontaminated corpus to the buckets, parents first."""
    for scorer in project.scorers.values():
        for source in files_of(scorer):
            yield raw_file(project, scorer, source)
        if isinstance(scorer, FastTextScorer):
            yield classifier(project, scorer)
        yield scores(project, scorer)
    for buckets in project.buckets.values():
        yield thresholds(project, buckets)
        yield bucketed(project, buckets)


def raw_assets(source: Source) -> list[str]:
    return [f"raw/{source.name}/{snapshot}" for snapshot in source.snapshots]


def raw_file(project: Project, scorer: Scorer, source: Source) -> Step:
    (snapshot,) = source.snapshots
    return Step(
        f"raw/{source.name}/{snapshot}",
        group=scorer.domain,
        description=f"What the scorer {scorer.name} reads beside documents, licence {source.licence}.",
        ensure=lambda progress: ensure_raw(project.store, source, snapshot, progress.report),
    )


def classifier(project: Project, scorer: FastTextScorer) -> Step:
    parents = [asset for source in project.sources if source.name in scorer.source_labels for asset in source.documents]
    files = [asset for source in files_of(scorer) for asset in raw_assets(source)]
    return Step(
        f"classifiers/{scorer.name}",
        group=scorer.domain,
        description="fastText classifier trained on declared sources, measured on documents it never saw; kept until "
        "it is fitted again.",
        parents=[CONTAMINATION_ASSET, *parents, *files],
        ensure=lambda progress: ensure_classifier(
            project.store,
            scorer,
            project.store.require(CONTAMINATION_ASSET),
            [project.store.require(parent) for parent in parents],
            [project.store.require(file) for file in files],
            progress.report,
        ),
    )


def scores(project: Project, scorer: Scorer) -> Step:
    parents = project.documents_of_domain(scorer.domain)
    if isinstance(scorer, FastTextScorer):
        fitted = [f"classifiers/{scorer.name}"]
    else:
        fitted = [asset for source in files_of(scorer) for asset in raw_assets(source)]

    def ensure(progress: Progress) -> Outcome:
        return ensure_all_scores(
            project.store,
            scorer,
            project.store.require(fitted[0]) if fitted else None,
            [project.store.require(parent) for parent in parents],
            engine=project.engine,
            report=progress.report,
        )

    return Step(
        scores_asset(scorer.name),
        group=scorer.domain,
        description=f"The score of every document of {scorer.domain}, in files beside the documents.",
        parents=[*fitted, *parents],
        ensure=ensure,
    )


def thresholds(project: Project, declared: BucketsDeclaration) -> Step:
    parents = project.documents_of_domain(declared.domain)
    return Step(
        f"thresholds/{declared.domain}",
        group=declared.domain,
        description="The scores at which the levels of each scorer begin: percentiles of tokens, kept until they are "
        "fitted again.",
        parents=[*map(scores_asset, declared.scorers), CONTAMINATION_ASSET, *parents, TOKENIZER_ASSET],
        ensure=lambda progress: ensure_thresholds(
            project.store,
            declared,
            scores_by_scorer(project, declared),
            project.store.require(CONTAMINATION_ASSET),
            [project.store.require(parent) for parent in parents],
            project.store.require(TOKENIZER_ASSET),
            engine=project.engine,
            report=progress.report,
        ),
    )


def bucketed(project: Project, declared: BucketsDeclaration) -> Step:
    return Step(
        buckets_asset(declared.domain),
        group=declared.domain,
        description=f"The level and bucket of every surviving document of {declared.domain}, or why it has none.",
        parents=[f"thresholds/{declared.domain}", *map(scores_asset, declared.scorers), CONTAMINATION_ASSET],
        ensure=lambda progress: ensure_buckets(
            project.store,
            declared,
            project.store.require(f"thresholds/{declared.domain}"),
            scores_by_scorer(project, declared),
            project.store.require(CONTAMINATION_ASSET),
            progress.report,
        ),
    )


def scores_by_scorer(project: Project, declared: BucketsDeclaration) -> dict[str, list[Artifact]]:
    """The scores of each snapshot's documents, by scorer."""
    return {
        scorer: [project.store.find(parent) for parent in project.store.require(scores_asset(scorer)).record.parents]
        for scorer in declared.scorers
    }


def scores_asset(scorer: str) -> str:
    return f"scores/{scorer}"


def buckets_asset(domain: str) -> str:
    return f"buckets/{domain}"
