"""A run's picture shows what was measured, what went wrong, and where it was interrupted; it is remade as it grows."""

from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from recorded import run_with
from small_run import make_manifest

from pipelines.store import Store
from training.manifest import Manifest, read_manifest
from training.runs import picture
from training.runs.colours import colours_of
from training.runs.incidents import Spike, add_spike
from training.runs.metrics import SourceLoss, StepMetrics
from training.runs.picture import RunPicture
from training.runs.plots import draw_loss, draw_marks, draw_phases, draw_sources, plot_run
from training.runs.restarts import add_restart
from training.runs.rows import write_rows
from training.runs.run import Beginning

NUM_STEPS = 9  # of 12: two of the second phase are done
SPIKE = Spike(step=5, phase="first", loss=7.5, expected=5.0, bound=6.0, samples=[])


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return read_manifest(make_manifest(tmp_path_factory.mktemp("home"))[1])


def rows_of(manifest: Manifest) -> list[StepMetrics]:
    """Rows whose loss is 10 less the step; that of math is 20 less it, and it is in the second phase alone."""
    rows = []
    for step in range(1, NUM_STEPS + 1):
        phase = manifest.phase_at(step - 1).name
        names = ["web", "code"] if phase == "first" else ["web", "math"]
        rows.append(
            StepMetrics(
                step=step,
                phase=phase,
                loss=10.0 - step,
                lr=manifest.lr(step - 1),
                grad_norm=1.0,
                tokens=manifest.tokens_done(step),
                tokens_per_second=1000.0,
                seconds=0.1,
                data_seconds=0.0,
                loss_by_source={
                    name: SourceLoss(loss=(20.0 if name == "math" else 10.0) - step, tokens=64) for name in names
                },
            )
        )
    return rows


@pytest.fixture
def axes() -> Axes:
    return Figure().subplots()


def points(axes: Axes, label: str) -> list[tuple[float, float]]:
    """What is drawn under a label."""
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return [(float(x), float(y)) for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]


def test_the_loss_is_drawn_by_step_with_its_spikes(manifest: Manifest, axes: Axes) -> None:
    draw_loss(axes, rows_of(manifest), [SPIKE])
    assert [tuple(point) for point in axes.lines[0].get_xydata().tolist()] == [
        (step, 10.0 - step) for step in range(1, NUM_STEPS + 1)
    ]
    assert points(axes, "spikes (1)") == [(5, 7.5)]


def test_each_source_is_drawn_in_the_colour_that_it_has_in_the_plan(manifest: Manifest, axes: Axes) -> None:
    draw_sources(axes, manifest, rows_of(manifest))
    first = manifest.phases[1].first_step + 1
    assert points(axes, "math") == [(step, 20.0 - step) for step in range(first, NUM_STEPS + 1)]
    assert points(axes, "code") == [(step, 10.0 - step) for step in range(1, first)]
    colours = colours_of(["code", "math", "web"])
    assert {line.get_label(): line.get_color() for line in axes.lines} == colours


def test_phases_are_shaded_and_steps_marked(manifest: Manifest, axes: Axes) -> None:
    draw_phases([axes], manifest, rows_of(manifest))
    boundary = manifest.phases[1].first_step
    assert [text.get_text() for text in axes.texts] == ["first (7 steps)", "second (5 steps)"]
    assert [line.get_xdata()[0] for line in axes.lines] == [boundary]
    assert len({to_hex(shade.get_facecolor()) for shade in axes.patches}) == 2
    draw_marks([axes], [4, 6], "^", "restarts (2)")
    assert points(axes, "restarts (2)") == [(4, 0), (6, 0)]


def test_a_picture_is_drawn_of_whatever_was_measured_first(manifest: Manifest, tmp_path: Path) -> None:
    path = tmp_path / "loss.png"
    plot_run(manifest, rows_of(manifest)[:1], [], [], None, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [file.name for file in tmp_path.iterdir()] == ["loss.png"]


def test_phases_that_only_the_run_before_a_branch_knows_are_named(manifest: Manifest, tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    rows = rows_of(manifest)
    of_other = [StepMetrics(**row | {"phase": "warm"}) if row["step"] <= 3 else row for row in rows]
    axes = Figure().add_subplot()
    draw_phases([axes], manifest, of_other)
    assert [text.get_text() for text in axes.texts] == ["warm (3 steps)", "first (4 steps)", "second (5 steps)"]
    plot_run(manifest, of_other, [], [], Beginning(run="other@1", step=3, digest=""), tmp_path / "loss.png")
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_is_remade_now_and_then_and_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store: Store
    store, artifact = make_manifest(tmp_path)
    run = run_with(store, artifact, 0)
    write_rows(run.metrics, rows_of(run.manifest))
    add_spike(run, SPIKE)
    add_restart(run, 4, 2)
    remade = RunPicture(run)
    remade.finish()
    assert not run.plot.exists()
    assert not remade.step()
    remade.finish()
    whole = run.plot.read_bytes()
    assert whole.startswith(b"\x89PNG")

    monkeypatch.setattr(picture, "FIRST_SECONDS", 0.0)
    following = RunPicture(run)
    write_rows(run.metrics, rows_of(run.manifest)[:3])
    assert following.step()
    assert run.plot.read_bytes() != whole
