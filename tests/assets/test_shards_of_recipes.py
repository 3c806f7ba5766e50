"""Which shards a recipe is compiled from."""

from pathlib import Path

from assets.project import Project


def test_an_arm_keeps_the_caps_of_its_recipe_on_shards_that_it_does_not_read(tmp_path: Path) -> None:
    project = Project(tmp_path)
    arm = project.recipes["two_phase_quality_only"]
    assert "web_medium_high" in arm.max_epochs
    assert "web_medium_high" in project.shards_of(arm)


def test_every_recipe_is_compiled_from_all_that_it_caps(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for recipe in project.recipes.values():
        assert {name for name in recipe.max_epochs if name in project.shards} <= set(project.shards_of(recipe))
