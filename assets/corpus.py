"""Steps of the corpus: raw sources, documents, dedup, quality, tokenizer, shards and held-out sets."""

from collections.abc import Iterator

from assets.corpus_plots import duplicates_plots, funnel_plots
from assets.funnel_markdown import funnel_tables
from assets.project import Project, ShardsName
from assets.quality import buckets_asset, quality_steps
from assets.step import Partition, Progress, Step
from pipelines.contamination.benchmarks import BENCHMARKS_ASSET, ensure_benchmarks
from pipelines.contamination.step import ensure_contamination
from pipelines.corpus import CONTAMINATION_ASSET, DEDUP, HELD_OUT, TRAIN
from pipelines.dedup.gate import REMOVED_SHARE
from pipelines.dedup.signatures import ensure_signatures
from pipelines.dedup.step import ensure_dedup
from pipelines.fetch.model import ensure_model
from pipelines.fetch.raw import ensure_raw
from pipelines.foreign_tokenizer import ensure_foreign_tokenizer
from pipelines.process.step import ensure_documents
from pipelines.sources import Domain, Source
from pipelines.store import Outcome
from pipelines.tokenise import ensure_shards
from pipelines.tokenizer import TOKENIZER_ASSET, TokenizerFolder, ensure_tokenizer


def corpus_steps(project: Project) -> Iterator[Step]:
    """Every step from the sources to the shards, parents first."""
    yield identifier(project)
    for domain in project.domains:
        for source in domain.sources:
            for snapshot in source.snapshots:
                yield raw(project, domain, source, snapshot)
                yield documents(project, domain, source, snapshot)
                yield signatures(project, domain, source, snapshot)
    yield dedup(project)
    for benchmark in project.benchmarks.benchmarks:
        yield raw_benchmark(project, benchmark)
    yield benchmarks(project)
    yield contamination(project)
    yield tokenizer(project)
    yield from quality_steps(project)
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


def raw(project: Project, domain: Domain, source: Source, snapshot: str) -> Step:
    return Step(
        f"raw/{source.name}/{snapshot}",
        group=domain.domain,
        description=f"The sources of {domain.domain} as they are published, snapshot by snapshot.",
        ensure=lambda progress: ensure_raw(project.store, source, snapshot, progress.report),
        partition=Partition(f"raw/{domain.domain}", f"{source.name}@{snapshot}"),
    )


def documents(project: Project, domain: Domain, source: Source, snapshot: str) -> Step:
    parents = [f"raw/{source.name}/{snapshot}", identifier_asset(project)]
    return Step(
        f"documents/{source.name}/{snapshot}",
        group=domain.domain,
        description=f"Text with identity, extracted from the sources of {domain.domain} and filtered by its rules.",
        parents=parents,
        ensure=lambda progress: ensure_documents(
            project.store,
            domain,
            source,
            snapshot,
            *(project.store.require(parent) for parent in parents),
            deferred_rules=project.deferred_rules(domain.domain),
            engine=project.engine,
            report=progress.report,
        ),
        partition=Partition(f"documents/{domain.domain}", f"{source.name}@{snapshot}"),
    )


def signatures(project: Project, domain: Domain, source: Source, snapshot: str) -> Step:
    parent = f"documents/{source.name}/{snapshot}"
    return Step(
        f"signatures/{source.name}/{snapshot}",
        group=domain.domain,
        description="All that dedup has to know of documents but their texts.",
        parents=[parent],
        ensure=lambda progress: ensure_signatures(
            project.store,
            project.store.require(parent),
            project.corpus.dedup,
            engine=project.engine,
            report=progress.report,
        ),
        partition=Partition(f"signatures/{domain.domain}", f"{source.name}@{snapshot}"),
    )


def dedup(project: Project) -> Step:
    corpus, store = project.corpus, project.store
    parents = all_documents(project)
    signed = [parent.replace("documents/", "signatures/", 1) for parent in parents]
    return Step(
        DEDUP,
        group="corpus",
        description="Which documents survive exact and near-duplicate removal, and which are held out.",
        parents=[*parents, *signed],
        ensure=lambda progress: ensure_dedup(
            store,
            [store.require(parent) for parent in parents],
            [store.require(parent) for parent in signed],
            corpus.dedup,
            corpus.priority,
            project.domain_of,
            corpus.held_out,
            engine=project.engine,
            report=progress.report,
        ),
        checks={REMOVED_SHARE: True},
        plots=lambda artifact: duplicates_plots(project, artifact),
    )


def raw_benchmark(project: Project, benchmark: Source) -> Step:
    (snapshot,) = benchmark.snapshots
    return Step(
        f"raw/{benchmark.name}/{snapshot}",
        group="corpus",
        description=f"The benchmark {benchmark.name} as it is published, licence {benchmark.licence}.",
        ensure=lambda progress: ensure_raw(project.store, benchmark, snapshot, progress.report),
    )


def benchmarks(project: Project) -> Step:
    parents = [
        f"raw/{benchmark.name}/{snapshot}"
        for benchmark in project.benchmarks.benchmarks
        for snapshot in benchmark.snapshots
    ]
    return Step(
        BENCHMARKS_ASSET,
        group="corpus",
        description="The records of the benchmarks that no training document may contain.",
        parents=parents,
        ensure=lambda progress: ensure_benchmarks(
            project.store,
            project.benchmarks,
            [project.store.require(parent) for parent in parents],
            progress.report,
        ),
    )


def contamination(project: Project) -> Step:
    store = project.store
    parents = all_documents(project)
    return Step(
        CONTAMINATION_ASSET,
        group="corpus",
        description="The survivors without those that contain a benchmark's record or a held-out document.",
        parents=[BENCHMARKS_ASSET, DEDUP, *parents],
        ensure=lambda progress: ensure_contamination(
            store,
            project.benchmarks,
            store.require(BENCHMARKS_ASSET),
            store.require(DEDUP),
            [store.require(parent) for parent in parents],
            engine=project.engine,
            report=progress.report,
        ),
        plots=lambda artifact: funnel_plots(project, artifact),
        tables=lambda artifact: funnel_tables(project, artifact),
    )


def tokenizer(project: Project) -> Step:
    declared = project.corpus.tokenizer
    parents = all_documents(project)

    def ensure(progress: Progress) -> Outcome:
        corpus = project.store.require(CONTAMINATION_ASSET)
        documents = [project.store.require(parent) for parent in parents]
        if isinstance(declared, TokenizerFolder):
            declared_in = project.folders.corpus.parent
            return ensure_foreign_tokenizer(project.store, declared, corpus, documents, declared_in, progress.report)
        return ensure_tokenizer(project.store, declared, corpus, documents, progress.report)

    return Step(
        TOKENIZER_ASSET,
        group="corpus",
        description="Byte-level BPE trained on a balanced sample of the training documents, or a foreign one; kept.",
        parents=[CONTAMINATION_ASSET, *parents],
        ensure=ensure,
    )


def training_shards(project: Project, shards: ShardsName) -> Step:
    return token_shards(project, f"shards/{shards.name}", shards.domain, TRAIN, shards.bucket)


def held_out(project: Project, domain: str) -> Step:
    return token_shards(project, f"held_out/{domain}", domain, HELD_OUT, None)


def token_shards(project: Project, asset: str, domain: str, split: str, bucket: str | None) -> Step:
    parents = project.documents_of_domain(domain)
    store = project.store
    buckets = [buckets_asset(domain)] if domain in project.buckets else []
    return Step(
        asset,
        group=domain,
        description=f"Token file and document index: {domain}{f', bucket {bucket}' if bucket else ''}, split {split}.",
        parents=[*buckets, CONTAMINATION_ASSET, *parents, TOKENIZER_ASSET],
        ensure=lambda progress: ensure_shards(
            store,
            asset,
            domain=domain,
            split=split,
            buckets=store.require(buckets[0]) if buckets else None,
            bucket=bucket,
            corpus=store.require(CONTAMINATION_ASSET),
            documents=[store.require(parent) for parent in parents],
            tokenizer=store.require(TOKENIZER_ASSET),
            engine=project.engine,
            report=progress.report,
        ),
    )


def identifier_asset(project: Project) -> str:
    return f"model/{project.identifier.name}"


def all_documents(project: Project) -> list[str]:
    return [asset for source in project.sources for asset in source.documents]
