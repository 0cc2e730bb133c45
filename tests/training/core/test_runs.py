import pytest

from wildaffect.core.errors import UsageError
from wildaffect.training.core.runs import Run, append_metrics, read_metrics


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
