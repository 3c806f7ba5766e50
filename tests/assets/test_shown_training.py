"""What Dagster shows of a run while it is trained: figures now and then, every picture that was remade, its losses."""

import base64
from pathlib import Path

import dagster as dg

from assets.build import AssetProgress
from assets.losses import losses_markdown
from training.runs.metrics import SourceLoss, StepMetrics


def test_figures_are_shown_now_and_then_and_pictures_always(tmp_path: Path) -> None:
    key = dg.AssetKey(["checkpoints", "small", "first"])
    picture = tmp_path / "loss.png"
    picture.write_bytes(b"\x89PNG a picture")

    @dg.asset(key=key)
    def trained(context: dg.AssetExecutionContext) -> None:
        progress = AssetProgress(context, key, None)
        progress.observe({"loss": 3.0})
        progress.observe({"loss": 2.9})
        progress.observe({"loss": 2.8}, [picture])
        progress.observe({"loss": 2.7})

    result = dg.materialize([trained])
    shown = [observation.metadata for observation in result.asset_observations_for_node("checkpoints__small__first")]
    assert [observed["loss"].value for observed in shown] == [3.0, 2.8]
    assert "plot: loss" not in shown[0]
    assert base64.b64encode(picture.read_bytes()).decode() in shown[1]["plot: loss"].value


def row(step: int, phase: str, **losses: float) -> StepMetrics:
    by_source = {name: SourceLoss(loss=loss, tokens=100) for name, loss in losses.items()}
    return {"step": step, "phase": phase, "loss_by_source": by_source}


def test_losses_are_shown_by_source_and_phase() -> None:
    rows = [row(1, "first", web=9.0), row(2, "first", web=3.0, code=2.5), row(3, "second", web=2.0)]
    assert losses_markdown(rows) == {
        "loss by source, at the end of each phase": "\n".join(
            [
                "| source | first | second |",
                "| --- | ---: | ---: |",
                "| code | 2.500 | – |",
                "| web | 3.000 | 2.000 |",
            ]
        )
    }
    assert losses_markdown([]) == {}
