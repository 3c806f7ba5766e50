"""Leaves cut real shards by what groups ask for: disjoint, complete, without a copy."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from declared import recipe
from made_shards import TokenisedDocument, write_shards

from pipelines.corpus import QUADRANTS
from pipelines.errors import PhaselineError
from pipelines.parts import Part
from pipelines.record import FileEntry
from pipelines.store import Draft, Store
from training.compiler.catalogue import Catalogue, ShardsEntry
from training.compiler.compile import compile_recipe
from training.compiler.leaves import Leaf, Leaves, cut, licences, shortened
from training.declared.recipe import Group
from training.manifest import TokenizerReference

LANGUAGES = ["en", "de", "fr"]
LICENCES = ["MIT", "CC0-1.0"]
TOKENIZER = TokenizerReference(asset="tokenizer", version=1, digest="", vocab_size=512, end_of_text=0)


def entry(folder: Path, name: str, num_documents: int) -> ShardsEntry:
    """Shards whose document ``n`` holds 3 + n % 5 tokens of value n, its language and licence by n."""
    folder.mkdir()
    documents = [
        TokenisedDocument(f"{name}{n}", np.full(3 + n % 5, n), 9, "source", LICENCES[n % 2], LANGUAGES[n % 3])
        for n in range(1, num_documents + 1)
    ]
    num_tokens = write_shards(folder, documents, 512, 0)
    file = FileEntry(path="tokens.bin", num_bytes=2 * num_tokens, sha256="")
    return ShardsEntry(name, name, None, f"shards/{name}", 1, "", file, num_tokens, folder=folder)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    def quadrants(draft: Draft) -> None:
        rows = [{"id": f"a{n}", "quadrant": "high" if n % 4 else "low"} for n in range(1, 200)]
        pq.write_table(pa.Table.from_pylist(rows), draft.folder / QUADRANTS)

    made = Store(tmp_path).ensure("quality/quadrants", quadrants, code_version="1", parameters={}).artifact
    return Catalogue({name: entry(tmp_path / name, name, 230) for name in "ab"}, TOKENIZER, made)


def tokens_of(leaf: Leaf) -> npt.NDArray[np.int64]:
    """The stream, read by hand."""
    assert leaf.shards.folder is not None
    file = np.fromfile(leaf.shards.folder / "tokens.bin", dtype="<u2").astype(np.int64)
    if leaf.extents is None:
        return file[leaf.first_token : leaf.first_token + leaf.num_tokens]
    lengths = np.diff(leaf.extents[:, 1], append=leaf.num_tokens)
    return np.concatenate([file[at : at + length] for at, length in zip(leaf.extents[:, 0], lengths, strict=True)])


def made(catalogue: Catalogue, groups: Mapping[str, Group], used: set[str], part: Part | None = None) -> Leaves:
    return cut(groups, used, catalogue, part or Part(), "recipe tried")


def test_a_selection_cuts_its_shards_into_leaves_that_hold_every_document_once(catalogue: Catalogue) -> None:
    groups = {"english": Group(language=("en",)), "free": Group(sources=("a",), licence=("CC0-1.0",))}
    leaves = made(catalogue, groups, {"english", "free", "a"})
    assert sorted(leaves.leaves) == [
        "a[language=en,licence=CC0-1.0]",
        "a[language=en,licence=other]",
        "a[language=other,licence=CC0-1.0]",
        "a[language=other,licence=other]",
        "b[language=en]",
        "b[language=other]",
    ]
    assert leaves.groups["english"] == [
        "a[language=en,licence=CC0-1.0]",
        "a[language=en,licence=other]",
        "b[language=en]",
    ]
    assert leaves.groups["a"] == sorted(leaves.leaves)[:4]
    for shards in "ab":
        parts = [tokens_of(leaf) for name, leaf in leaves.leaves.items() if name.startswith(shards)]
        whole = tokens_of(Leaf(shards, catalogue.shards[shards], {}, 0, catalogue.shards[shards].num_tokens))
        assert sorted(np.concatenate(parts).tolist()) == sorted(whole.tolist())
    english = tokens_of(leaves.leaves["b[language=en]"])
    assert {number % 3 for number in english.tolist() if number} == {0}
    assert licences(leaves.leaves["a[language=en,licence=CC0-1.0]"], "") == {"CC0-1.0"}
    assert licences(leaves.leaves["b[language=en]"], "") == {"MIT", "CC0-1.0"}


def test_quadrants_cut_and_documents_without_one_are_in_none(catalogue: Catalogue) -> None:
    groups = {"low": Group(sources=("a",), quadrant=("low",)), "high": Group(sources=("a",), quadrant=("high",))}
    leaves = made(catalogue, groups, {"low", "high"})
    assert leaves.groups == {"high": ["a[quadrant=high]"], "low": ["a[quadrant=low]"]}
    low = {number for number in tokens_of(leaves.leaves["a[quadrant=low]"]).tolist() if number}
    assert low == set(range(4, 200, 4))
    rest = {number for number in tokens_of(leaves.leaves["a[quadrant=other]"]).tolist() if number}
    assert rest == set(range(200, 231))


def test_parts_are_whole_documents_and_share_none(catalogue: Catalogue) -> None:
    first = made(catalogue, {}, {"a"}, Part(end=0.3)).leaves["a"]
    second = made(catalogue, {}, {"a"}, Part(start=0.3)).leaves["a"]
    assert first.num_tokens + second.num_tokens == catalogue.shards["a"].num_tokens
    assert not set(tokens_of(first).tolist()) & set(tokens_of(second).tolist()) - {0}
    assert first.num_tokens == pytest.approx(0.3 * catalogue.shards["a"].num_tokens, abs=8)


@pytest.mark.parametrize("groups", [{}, {"a": Group(sources=("a",), language=("en", "de"))}])
def test_a_smaller_subset_lies_in_a_larger_one(catalogue: Catalogue, groups: Mapping[str, Group]) -> None:
    for leaf in made(catalogue, groups, {"a"}).leaves.values():
        small, large = shortened(leaf, 0.2), shortened(leaf, 0.5)
        assert small.num_tokens == pytest.approx(0.2 * leaf.num_tokens, abs=8)
        assert (tokens_of(large)[: small.num_tokens] == tokens_of(small)).all()
        assert (tokens_of(leaf)[: large.num_tokens] == tokens_of(large)).all()


def test_quadrants_that_were_not_made_are_refused(catalogue: Catalogue) -> None:
    without = Catalogue(catalogue.shards, TOKENIZER)
    with pytest.raises(PhaselineError, match="no document has a quadrant"):
        made(without, {"low": Group(quadrant=("low",))}, {"low"})


def test_a_licence_that_is_not_admitted_is_refused_by_name(catalogue: Catalogue) -> None:
    fields = {"tokens": 256, "licences": ["MIT"]}
    everything = recipe(phases=[{"name": "only", "blend": {"a": 1.0}}], **fields)
    with pytest.raises(PhaselineError, match=r"a holds documents under CC0-1.0, which licences does not admit"):
        compile_recipe(everything, catalogue)
    groups = {"free": {"sources": "a", "licence": "MIT"}}
    admitted = recipe(phases=[{"name": "only", "blend": {"free": 1.0}}], groups=groups, **fields)
    made = compile_recipe(admitted, catalogue)
    assert [source.name for source in made.manifest.sources] == ["a[licence=MIT]"]
    assert made.extents["a[licence=MIT]"].shape[1] == 2
