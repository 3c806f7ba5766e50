"""Steps of the corpus: raw sources, documents, dedup, quality, tokenizer, shards and held-out sets."""

from collections.abc import Iterator

from assets.project import Project, ShardsName
from assets.step import Step
from pipelines.corpus import DEDUP, HELD_OUT, TRAIN
from pipelines.dedup.step import ensure_dedup
from pipelines.fetch import ensure_model, ensure_raw
from pipelines.process import ensure_documents
from pipelines.sources import Domain, Source
from pipelines.tokenise import ensure_shards
from pipelines.tokenizer import TOKENIZER_ASSET, ensure_tokenizer
from quality.classifier import ensure_classifier
from quality.declaration import ClassifierDeclaration
from quality.scores import ensure_scores


def corpus_steps(project: Project) -> Iterator[Step]:
    """Every step from the sources to the shards, parents first."""
    yield identifier(project)
    for domain in project.domains:
        for source in domain.sources:
            yield raw(project, domain, source)
            yield documents(project, domain, source)
    yield dedup(project)
    yield tokenizer(project)
    for classifier in project.classifiers.values():
        yield quality_classifier(project, classifier)
        yield quality_scores(project, classifier)
    for shards in project.shards.values():
        yield training_shards(project, shards)
    for domain in project.domains:
        yield held_out(project, domain.domain)


def identifier(project: Project) -> Step:
    declared = project.identifier
    return Step(
        identifier_asset(project),
        group="corpus",
        description=f"Language identification: {declared.member} of {declared.where.package}, {declared.licence}.",
        ensure=lambda progress: ensure_model(project.store, declared, progress.report),
    )


def raw(project: Project, domain: Domain, source: Source) -> Step:
    return Step(
        f"raw/{source.name}",
        group=domain.domain,
        description=f"{source.name} as it is published, snapshot {source.snapshot}, licence {source.licence}.",
        ensure=lambda progress: ensure_raw(project.store, source, progress.report),
    )


def documents(project: Project, domain: Domain, source: Source) -> Step:
    parents = [f"raw/{source.name}", identifier_asset(project)]
    return Step(
        f"documents/{source.name}",
        group=domain.domain,
        description=f"Text with identity, extracted from {source.name} and filtered by the rules of {domain.domain}.",
        parents=parents,
        ensure=lambda progress: ensure_documents(
            project.store,
            domain,
            source,
            *(project.store.require(parent) for parent in parents),
            engine=project.engine,
            report=progress.report,
        ),
    )


def dedup(project: Project) -> Step:
    corpus = project.corpus
    parents = all_documents(project)
    return Step(
        DEDUP,
        group="corpus",
        description="Which documents survive exact and near-duplicate removal, and which are held out.",
        parents=parents,
        ensure=lambda progress: ensure_dedup(
            project.store,
            [project.store.require(parent) for parent in parents],
            corpus.dedup,
            corpus.priority,
            project.domain_of,
            corpus.held_out,
            progress.report,
        ),
    )


def tokenizer(project: Project) -> Step:
    parents = all_documents(project)
    return Step(
        TOKENIZER_ASSET,
        group="corpus",
        description="Byte-level BPE trained on a balanced sample of the training documents.",
        parents=[DEDUP, *parents],
        ensure=lambda progress: ensure_tokenizer(
            project.store,
            project.corpus.tokenizer,
            project.store.require(DEDUP),
            [project.store.require(parent) for parent in parents],
            progress.report,
        ),
    )


def quality_classifier(project: Project, declared: ClassifierDeclaration) -> Step:
    parents = [f"documents/{name}" for name in sorted({*declared.positives, *declared.negatives})]
    return Step(
        f"quality/{declared.name}",
        group=declared.domain,
        description="fastText classifier trained on declared sources, measured on documents it never saw.",
        parents=[DEDUP, *parents],
        ensure=lambda progress: ensure_classifier(
            project.store,
            declared,
            project.store.require(DEDUP),
            [project.store.require(parent) for parent in parents],
            progress.report,
        ),
    )


def quality_scores(project: Project, declared: ClassifierDeclaration) -> Step:
    parents = documents_of_domain(project, declared.domain)
    return Step(
        f"quality/{declared.name}_scores",
        group=declared.domain,
        description=f"The score, percentile and bucket of every surviving document of {declared.domain}.",
        parents=[f"quality/{declared.name}", DEDUP, *parents],
        ensure=lambda progress: ensure_scores(
            project.store,
            declared,
            project.store.require(f"quality/{declared.name}"),
            project.store.require(DEDUP),
            [project.store.require(parent) for parent in parents],
            progress.report,
        ),
    )


def training_shards(project: Project, shards: ShardsName) -> Step:
    classifier = project.classifiers.get(shards.domain)
    scores = [f"quality/{classifier.name}_scores"] if classifier else []
    return token_shards(project, f"shards/{shards.name}", shards.domain, TRAIN, scores, shards.bucket)


def held_out(project: Project, domain: str) -> Step:
    return token_shards(project, f"held_out/{domain}", domain, HELD_OUT, [], None)


def token_shards(project: Project, asset: str, domain: str, split: str, scores: list[str], bucket: str | None) -> Step:
    parents = documents_of_domain(project, domain)
    store = project.store
    return Step(
        asset,
        group=domain,
        description=f"Token file and document index: {domain}{f', bucket {bucket}' if bucket else ''}, split {split}.",
        parents=[*scores, DEDUP, *parents, TOKENIZER_ASSET],
        ensure=lambda progress: ensure_shards(
            store,
            asset,
            domain=domain,
            split=split,
            bucket=(store.require(scores[0]), bucket) if bucket else None,
            dedup=store.require(DEDUP),
            documents=[store.require(parent) for parent in parents],
            tokenizer=store.require(TOKENIZER_ASSET),
            report=progress.report,
        ),
    )


def identifier_asset(project: Project) -> str:
    return f"model/{project.identifier.name}"


def all_documents(project: Project) -> list[str]:
    return [f"documents/{source.name}" for source in project.sources]


def documents_of_domain(project: Project, domain: str) -> list[str]:
    return [f"documents/{name}" for name, of in project.domain_of.items() if of == domain]
