"""What changes too much against the last promoted version is stopped and explained; ordinary growth is not."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.errors import PhaselineError
from pipelines.promotion import promotion_path
from pipelines.record import Flow
from pipelines.store import Artifact, Draft, Store
from quality.ratchet.chance import largest_change_of_share
from quality.ratchet.mix import Mix, compare_mixes
from quality.ratchet.ratchet import Ratchet
from quality.scoring.facts import score_facts
from quality.scoring.table import SCORES_SCHEMA
from quality.validators import Validators

DECLARED = Path(__file__).parents[2] / "quality/ratchets.yaml"


class Planted:
    """A store whose artifacts are planted: flows and facts in the shape of the real steps, and hardly any files."""

    def __init__(self, root: Path, declared: Path = DECLARED) -> None:
        self.store = Store(root, Validators([Ratchet(declared, Store(root, only_look=True))]))

    def plant(
        self,
        asset: str,
        kept: int,
        dropped: Mapping[str, int] | None = None,
        *,
        parents: Sequence[Artifact] = (),
        scores: np.ndarray | None = None,
        **facts: Any,
    ) -> Artifact:
        """Make an asset anew; documents have 100 bytes each."""
        dropped = dropped or {}

        def make(draft: Draft) -> None:
            num_in = kept + sum(dropped.values())
            draft.flows["documents"] = Flow(num_in=num_in, num_kept=kept, dropped=dict(dropped))
            draft.flows["bytes"] = Flow(num_in=100 * num_in, num_kept=100 * kept, dropped={})
            draft.facts |= facts
            if scores is not None:
                draft.facts |= write_scores(draft.folder, scores)

        version = str(len(self.store.versions(asset)))
        return self.store.ensure(asset, make, code_version=version, parameters={}, parents=parents).artifact

    def documents(self, asset: str = "documents/web/1", *, kept: int = 800, **changes: Any) -> Artifact:
        """Documents as they are on an ordinary day, but for what changes."""
        usual: dict[str, Any] = {
            "dropped": {"gopher_stop_words": 50, "language": 150},
            "documents_by_language": {"en": kept - 40, "de": 40},
        }
        return self.plant(asset, kept, **(usual | changes))


def write_scores(folder: Path, scores: np.ndarray) -> dict[str, Any]:
    """Scores as a file, NaN where there is none; returns their facts."""
    is_missing = np.isnan(scores)
    columns = {
        "id": [f"{row:032x}" for row in range(len(scores))],
        "score": pa.array(scores, pa.float32(), from_pandas=True),
        "reason": ["empty" if missing else None for missing in is_missing],
    }
    path = folder / "scores-00000.parquet"
    pq.write_table(pa.table(columns, schema=SCORES_SCHEMA), path)
    return score_facts([path])


def failed(artifact: Artifact) -> list[str]:
    return [check.name for check in artifact.failures()]


def detail(artifact: Artifact, name: str) -> str:
    (found,) = [check.detail for check in artifact.record.checks if check.name == name]
    return found


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path)


def test_each_kind_of_asset_says_in_advance_which_checks_it_will_have(planted: Planted) -> None:
    assert planted.store.validator is not None
    checks = planted.store.validator.checks
    documents = {"ratchet_size": True, "ratchet_removals": True, "ratchet_languages": True}
    assert checks("documents/web/1") == documents
    assert checks("scores/web_prose/web/1") == {"ratchet_scores": True}
    dedup = {"ratchet_size": True, "ratchet_removals": True}
    assert checks("corpus/dedup") == dedup
    assert checks("corpus/contamination") == dedup | {"ratchet_unchecked": True}
    assert checks("raw/web/1") == {"ratchet_files": True}
    assert checks("classifiers/web_prose") == {"ratchet_ranking": True}
    assert checks("buckets/web") == documents | {"ratchet_scores": True}
    assert checks("shards/web_high") == {"ratchet_size": True, "ratchet_languages": True}
    assert checks("tokenizer") == checks("scores/web_prose") == {}
    assert list(checks("documents/web/1")) == [check.name for check in planted.documents().record.checks]


def test_the_first_version_has_nothing_to_be_compared_with(planted: Planted) -> None:
    first = planted.documents()
    assert failed(first) == []
    assert detail(first, "ratchet_size") == "There is no promoted version of documents/web/1 to compare with."


@pytest.mark.parametrize(
    ("change", "stopped_by"),
    [
        ({"kept": 850, "dropped": {"gopher_stop_words": 52, "language": 160}}, []),
        ({"kept": 650}, []),
        ({"kept": 600}, ["ratchet_size"]),  # a file of four is missing
        ({"kept": 1067, "dropped": {"gopher_stop_words": 67, "language": 200}}, ["ratchet_size"]),  # one of three twice
        ({"kept": 400, "dropped": {"gopher_stop_words": 450, "language": 150}}, ["ratchet_size", "ratchet_removals"]),
        ({"dropped": {"gopher_stop_words": 50, "language": 40, "new": 110}}, ["ratchet_removals"]),
        ({"documents_by_language": {"en": 400, "de": 400}}, ["ratchet_languages"]),
        ({"documents_by_language": {"en": 700, "de": 100}}, []),
    ],
)
def test_a_change_past_its_bound_is_stopped_by_the_check_that_should_stop_it(
    planted: Planted, change: dict[str, Any], stopped_by: list[str]
) -> None:
    planted.documents()
    assert failed(planted.documents(**change)) == stopped_by


def test_each_aspect_is_one_readable_paragraph(planted: Planted) -> None:
    planted.documents()
    changed = planted.documents(
        kept=400,
        dropped={"gopher_stop_words": 450, "empty": 3, "language": 140, "url_word": 7},
        documents_by_language={"en": 100, "de": 300},
    )
    remedy = 'Mend the source, or accept the change: phaseline promote documents/web/1 --why "...".'
    compared = "Compared with documents/web/1@1, its last promoted version, documents/web/1"
    assert detail(changed, "ratchet_size") == (
        f"{compared} keeps 400 documents instead of 800 (-50.0%), 40,000 bytes instead of 80,000 (-50.0%), where a "
        "loss of up to 20% and a growth of up to 25% are declared; of its documents, 400 more were dropped as "
        f"gopher_stop_words, 10 fewer were dropped as language, 7 more were dropped as url_word. {remedy}"
    )
    assert detail(changed, "ratchet_removals") == (
        f"{compared} drops, of 1,000 documents that came in, gopher_stop_words 45.0% instead of 5.0% (+40.0 points), "
        "language 14.0% instead of 15.0% (-1.0 points), url_word 0.7% instead of 0.0% (+0.7 points); 10 points more or "
        f"less are declared, and what chance does to so few is no change. {remedy}"
    )
    index = (0.25 - 0.95) * math.log(0.25 / 0.95) + (0.75 - 0.05) * math.log(0.75 / 0.05)
    assert detail(changed, "ratchet_languages") == (
        f"{compared} has, of its documents, de 75.0% instead of 5.0%, en 25.0% instead of 95.0%: a population "
        f"stability index of {index:.3f}, where up to 0.25 is declared, and 0.042 may be chance. {remedy}"
    )


def test_a_spam_snapshot_stops_until_a_person_promotes_it(planted: Planted) -> None:
    store = planted.store
    planted.documents("documents/web/2026-10")
    spam = planted.documents("documents/web/2026-11", kept=900, dropped={"gopher_stop_words": 1600, "language": 500})
    assert failed(spam) == ["ratchet_removals"]

    def sign() -> Artifact:
        return planted.plant("signatures/web/2026-11", 900, parents=[spam])

    with pytest.raises(PhaselineError) as refusal:
        sign()
    assert refusal.value.what == f"documents/web/2026-11@1 failed ratchet_removals ({detail(spam, 'ratchet_removals')})"
    assert "gopher_stop_words 53.3% instead of 5.0% (+48.3 points)" in refusal.value.what
    assert 'phaseline promote documents/web/2026-11 --why "..."' in refusal.value.remedy

    store.promote(spam, who="ada", why="the crawl is of forums now")
    assert sign().name == "signatures/web/2026-11@1"
    promotion = spam.promotion()
    assert promotion is not None
    assert (promotion.who, promotion.why) == ("ada", "the crawl is of forums now")
    assert [check.name for check in promotion.accepted] == ["ratchet_removals"]
    assert promotion_path(spam.folder).is_file()
    # It is what the next version is held against.
    assert (
        failed(planted.documents("documents/web/2026-11", dropped={"gopher_stop_words": 1400, "language": 400})) == []
    )


def test_what_was_not_promoted_is_no_measure(planted: Planted) -> None:
    planted.documents()
    assert failed(planted.documents(kept=500)) == ["ratchet_size"]
    third = planted.documents(kept=450)
    assert failed(third) == ["ratchet_size"]
    assert "keeps 450 documents instead of 800 (-43.8%)" in detail(third, "ratchet_size")


def test_a_new_snapshot_is_held_against_the_last_one_but_for_its_size(planted: Planted) -> None:
    planted.documents("documents/web/1", documents_by_language={"fr": 800})
    planted.documents("documents/web/2", documents_by_language={"en": 800})
    planted.store.promote(planted.store.require("documents/web/2"), who="ada", why="another language from now on")
    planted.documents("documents/other/1", documents_by_language={"fr": 800})
    third = planted.documents("documents/web/3", kept=8000, dropped={"language": 1500, "gopher_stop_words": 500})
    assert failed(third) == []
    start = "Compared with documents/web/2@1, the last snapshot of its source, documents/web/3 "
    assert detail(third, "ratchet_size") == f"{start}may have any size, since that is another snapshot."
    assert detail(third, "ratchet_languages").startswith(f"{start}has, of its documents, en 99.5% instead of 100.0%")


def test_the_dimensions_of_shards_are_tokens_too(planted: Planted) -> None:
    planted.plant("shards/web_high", 100, num_tokens=40_000, tokens_by_language={"en": 39_000, "de": 1_000})
    lost = planted.plant("shards/web_high", 100, num_tokens=30_000, tokens_by_language={"en": 29_000, "de": 1_000})
    assert failed(lost) == ["ratchet_size"]
    assert "30,000 tokens instead of 40,000 (-25.0%)" in detail(lost, "ratchet_size")


def at_levels(*shares: int) -> dict[str, Any]:
    """Facts of buckets whose bytes lie at the levels so, in per cent, the lowest level first."""
    return {
        "share_of_bytes_by_level": [share / 100 for share in shares],
        "buckets_by_language": {"en": {"high": {"num_documents": 500}, "low": {"num_documents": 4500}}},
    }


def test_levels_that_sink_are_stopped(planted: Planted) -> None:
    planted.plant("buckets/web", 5000, **at_levels(*[5] * 20))
    assert failed(planted.plant("buckets/web", 5500, **at_levels(6, 4, *[5] * 18))) == []
    # A fifth of all is spam at the lowest two levels.
    spam = planted.plant("buckets/web", 6000, **at_levels(14, 14, *[4] * 18))
    assert failed(spam) == ["ratchet_scores"]
    index = 0.08 * math.log(14 / 6) + 0.1 * math.log(14 / 4) - 18 * 0.01 * math.log(4 / 5)
    assert f"a population stability index of {index:.3f}" in detail(spam, "ratchet_scores")
    assert "of its bytes, level 1 14.0% instead of 4.0%, level 0 14.0% instead of 6.0%" in detail(
        spam, "ratchet_scores"
    )


def test_levels_by_other_thresholds_may_be_any(planted: Planted) -> None:
    first, second = (planted.plant("thresholds/web", 1000, fit=fit) for fit in (1, 2))
    planted.plant("buckets/web", 5000, parents=[first], **at_levels(*[5] * 20))
    again = planted.plant("buckets/web", 5000, parents=[first], **at_levels(62, *[2] * 19))
    assert failed(again) == ["ratchet_scores"]
    fitted_again = second.record.model_copy(update={"digest": "f" * 64})
    refitted = Artifact(second.folder, fitted_again)
    measured = planted.plant("buckets/web", 5000, parents=[refitted], **at_levels(62, *[2] * 19))
    assert failed(measured) == []
    assert "is measured by another thresholds/web, so that its scores may be any" in detail(measured, "ratchet_scores")


def test_the_scores_of_a_spam_snapshot_are_stopped(planted: Planted) -> None:
    generator = np.random.default_rng(7)
    usual, alike = generator.normal(0.6, 0.1, 2000), generator.normal(0.6, 0.1, 1500)
    usual[:20] = alike[:15] = np.nan
    planted.plant("scores/prose/web/1", 2000, scores=usual)
    assert failed(planted.plant("scores/prose/web/2", 1500, scores=alike)) == []
    spam = np.where(generator.random(1500) < 0.5, generator.normal(0.2, 0.1, 1500), alike)
    stopped = planted.plant("scores/prose/web/3", 1500, scores=spam)
    assert failed(stopped) == ["ratchet_scores"]
    assert "Compared with scores/prose/web/2@1, the last snapshot of its source" in detail(stopped, "ratchet_scores")
    unscored = alike.copy()
    unscored[:1000] = np.nan
    stopped = planted.plant("scores/prose/web/4", 1500, scores=unscored)
    assert "no score 66.7% instead of 1.0%" in detail(stopped, "ratchet_scores")


def test_scores_that_are_all_the_same_or_missing_are_compared(planted: Planted) -> None:
    planted.plant("scores/prose/web/1", 500, scores=np.full(500, 0.5))
    assert failed(planted.plant("scores/prose/web/2", 500, scores=np.full(500, 0.5))) == []
    assert failed(planted.plant("scores/prose/web/3", 500, scores=np.full(500, 0.4))) == ["ratchet_scores"]
    planted.plant("scores/prose/bad/1", 500, scores=np.full(500, np.nan))
    assert failed(planted.plant("scores/prose/bad/2", 500, scores=np.full(500, np.nan))) == []
    assert failed(planted.plant("scores/prose/bad/3", 500, scores=np.full(500, 0.4))) == ["ratchet_scores"]


def test_what_chance_does_to_few_documents_is_no_change(planted: Planted) -> None:
    few = {"dropped": {"empty": 2, "language": 2}, "documents_by_language": {"en": 12, "de": 2}}
    planted.documents("documents/small/1", kept=14, **few)
    other = {"dropped": {"empty": 5, "language": 1}, "documents_by_language": {"en": 8, "de": 3, "fr": 1}}
    assert failed(planted.documents("documents/small/2", kept=12, **other)) == []
    spam = {"dropped": {"empty": 2, "gopher_stop_words": 14}, "documents_by_language": {"en": 1, "ru": 13}}
    assert failed(planted.documents("documents/small/3", kept=14, **spam)) == ["ratchet_removals", "ratchet_languages"]


@pytest.mark.parametrize(("num_before", "num_after"), [(30, 50), (400, 250), (5000, 20_000)])
def test_of_a_thousand_pairs_of_samples_hardly_one_goes_beyond_chance(num_before: int, num_after: int) -> None:
    generator = np.random.default_rng(3)
    samples = [generator.multinomial(size, [0.4, 0.3, 0.2, 0.1], 3000).tolist() for size in (num_before, num_after)]
    beyond = {"index": 0, "share": 0}
    for counts in zip(*samples, strict=True):
        before, after = (
            Mix({str(letter): count for letter, count in enumerate(of)}, "documents", sum(of)) for of in counts
        )
        beyond["index"] += not compare_mixes("letters", before, after, 1e-9).passed
        common = (counts[0][0] + counts[1][0]) / (num_before + num_after)
        chance = largest_change_of_share(common, num_before, num_after)
        beyond["share"] += abs(after.share("0") - before.share("0")) > chance
    assert beyond["index"] <= 9
    assert beyond["share"] <= 12  # a share may be too large or too small


def test_a_bound_on_what_an_artifact_does_not_state_fails(planted: Planted) -> None:
    planted.plant("shards/web", 100)
    blind = planted.plant("shards/web", 100)
    assert failed(planted.store.get("shards/web", 1)) == []
    assert failed(blind) == ["ratchet_languages"]
    assert "does not state its languages, for which a bound is declared" in detail(blind, "ratchet_languages")
    seeing = planted.plant("shards/web", 100, tokens_by_language={"en": 100})
    assert failed(seeing) == []
    assert "has no languages to compare" in detail(seeing, "ratchet_languages")


def test_no_document_at_all_is_a_matter_of_size(planted: Planted) -> None:
    planted.documents()
    assert failed(planted.documents(kept=0, dropped={}, documents_by_language={})) == ["ratchet_size"]


def declare(path: Path, text: str) -> Path:
    path.write_text(f"ratchets:\n{text}")
    return path


STRICT = "  - {applies_to: [documents/*], bounds: {size: {max_loss: 0.01, max_growth: 0.01}}}\n"
LOOSE = STRICT.replace("0.01", "0.9")


def test_other_bounds_hold_for_what_is_made_from_then_on(tmp_path: Path) -> None:
    declared = declare(tmp_path / "ratchets.yaml", STRICT)

    def made(kept: int, version: str) -> Artifact:
        def make(draft: Draft) -> None:
            draft.flows["documents"] = Flow(num_in=kept, num_kept=kept)

        store = Planted(tmp_path, declared).store
        return store.ensure("documents/web/1", make, code_version=version, parameters={}).artifact

    made(100, "1")
    waiting = made(90, "2")
    assert failed(waiting) == ["ratchet_size"]
    declare(declared, LOOSE)
    assert made(90, "2") == waiting
    assert failed(made(80, "3")) == []
    declare(declared, STRICT)
    assert made(80, "3").name == "documents/web/1@3"


def test_a_warning_stops_nothing(tmp_path: Path) -> None:
    declared = declare(tmp_path / "ratchets.yaml", STRICT.replace("}}}", "}}, severity: warn}"))
    planted = Planted(tmp_path, declared)
    planted.documents()
    warned = planted.documents(kept=400)
    assert failed(warned) == []
    assert [(check.name, check.passed) for check in warned.record.checks] == [("ratchet_size", False)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  - {applies_to: [documents/*], bounds: {}}", "declare at least one of size, removals, languages, scores"),
        ("  - {applies_to: [], bounds: {languages: {max_stability_index: 1}}}", "at least 1 item"),
        ("  - {applies_to: [a], bounds: {sise: {max_loss: 1}}}", r"ratchets\.0\.bounds\.sise: Extra inputs"),
        ("  - {applies_to: [a], bounds: {removals: {max_change: 10}}}", "less than or equal to 1"),
    ],
)
def test_a_declaration_that_is_not_valid_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PhaselineError, match=message):
        Planted(tmp_path, declare(tmp_path / "ratchets.yaml", text))


def test_two_bounds_of_one_aspect_are_refused(tmp_path: Path) -> None:
    planted = Planted(tmp_path, declare(tmp_path / "ratchets.yaml", STRICT + LOOSE))
    with pytest.raises(PhaselineError, match="bounds of size are declared for documents/web/1 more than once"):
        planted.documents()
