import pytest
import torch

from wildaffect.core.errors import UsageError
from wildaffect.training.core.recipe import RunRecipe
from wildaffect.training.core.runs import (
    Run,
    append_metrics,
    begin,
    check_finished,
    read_metrics,
)


def test_a_line_of_metrics_that_was_spoiled_is_named(tmp_path):
    run = Run(tmp_path)
    append_metrics(run, {"epoch": 1, "loss": 0.5})
    append_metrics(run, {"epoch": 2, "loss": 0.4})
    with run.metrics.open("a") as file:
        file.write('{"epoch": 3')  # a stop left it half written
    assert [row["epoch"] for row in read_metrics(run)] == [1, 2]
    for line in ("{", "[]", '{"loss": 1}', "[" * 100_000):
        run.metrics.write_text(f'{{"epoch": 1}}\n{line}\n')
        with pytest.raises(
            UsageError, match=r"metrics.jsonl:2: not the metrics of an epoch: "
        ):
            list(read_metrics(run))


CPU = torch.device("cpu")
RECIPE, DATA = RunRecipe(name="small"), RunRecipe(name="data")
"""Any record stands for the data."""


def test_a_folder_is_for_one_recipe_and_its_data(tmp_path):
    run = Run(tmp_path / "run")
    begin(run, RECIPE, DATA, CPU)
    before = run.recipe.read_bytes()
    begin(run, RECIPE, DATA, CPU)  # resumed
    for recipe, data in (
        (RunRecipe(name="small", seed=1), DATA),
        (RECIPE, RunRecipe(name="data", seed=1)),
    ):
        with pytest.raises(UsageError, match="run: this folder holds a run with another"):
            begin(run, recipe, data, CPU)
    assert run.recipe.read_bytes() == before
    run.data.unlink()
    with pytest.raises(UsageError, match=r"data\.json: cannot read"):
        begin(run, RECIPE, DATA, CPU)


def test_a_run_that_is_not_finished_is_named_with_its_command(tmp_path):
    with pytest.raises(UsageError, match=r"none: not a run: no recipe\.json"):
        check_finished(Run(tmp_path / "none"), "pretrain")
    begin(Run(tmp_path), RECIPE, DATA, CPU)
    with pytest.raises(UsageError, match="repeat the pretrain command to resume it"):
        check_finished(Run(tmp_path), "pretrain")
