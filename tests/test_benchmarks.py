"""Benchmarks run as their first lines say, at the smallest sizes; nothing is timed here."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def table_of(name: str, *words: str) -> list[dict[str, str]]:
    """Run a benchmark and return the rows of the table that it prints."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / name), *words],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    header, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.mark.slow
def test_the_gpu_benchmark_compares_ours_with_plain_torch_in_every_block():
    rows = table_of("gpu.py", "--device", "cpu", "--tiny", "--rounds", "1")
    blocks: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        blocks.setdefault(row["network"], []).append(row)
    assert len(blocks) == 4
    for block in blocks.values():
        assert block[0]["contender"] == "wildaffect"
        assert block[0]["wildaffect / it"] == "1.00"
        plain = {item["precision"] for item in block if item["contender"] == "plain torch"}
        assert plain == {"bf16-mixed", "32-true"}
        assert all(float(item["TFLOP/s"]) > 0 for item in block)


@pytest.mark.slow
def test_the_benchmark_of_finding_faces_finds_the_people_of_group_calls():
    rows = table_of("finding_faces.py", "--only", "calls")
    assert [row["people"] for row in rows] == ["9", "16", "25"]
    for row in rows:
        people = int(row["people"])
        assert int(row["photograph"]) >= 0.96 * people
        assert int(row["video, 4 s"]) >= 0.96 * people


@pytest.mark.slow
def test_the_benchmark_of_reports_prints_size_and_time():
    (row,) = table_of("report.py", "0.2:2")
    assert row["video, people"] == "0.2 min, 2"
    assert row["rows"] == "720"
    assert 0 < float(row["page"].removesuffix(" MB")) < 1


@pytest.mark.slow
def test_the_benchmark_of_many_clips_compares_workers_in_turns():
    rows = table_of("many.py", "--clips", "2", "--seconds", "1", "--rounds", "1")
    assert [row["workers"] for row in rows[:2]] == ["1", "2"]
    assert rows[0]["speed-up"] == "1.00"
    assert float(rows[1]["CPU / one"]) > 0


@pytest.mark.slow
def test_the_published_loop_and_a_recipe_take_equally_many_steps():
    words = ("--recipes", "gru", "--seeds", "1", "--epochs", "2")
    (row,) = table_of("published_training.py", *words)
    published, ours = map(int, row["steps, published and here"].split(", "))
    assert abs(published - ours) <= 0.1 * ours  # the order of the videos is drawn
    for column in ("published, last epoch", "here, raw", "here, calibrated"):
        assert 0 < float(row[column]) < 3


def test_the_power_of_a_table_follows_from_its_intervals():
    rows = {row["difference"]: row for row in table_of("power.py")}
    bottom = rows["modern-share-bottom, raw over modern-gru, raw"]
    assert bottom["found [95 %]"] == "+0.027 [-0.018, +0.076]"
    # standard error 0.094 / 2 / 1.960, times 1.960 + 0.842
    assert bottom["detectable"] == "0.067"
    assert "modern-tcn, raw over modern-frame, raw" not in rows  # its interval is above 0


@pytest.mark.slow
def test_the_benchmark_of_fusion_compares_every_fusion_with_a_single_set():
    words = ("--people", "20", "10", "--seeds", "51", "--epochs", "1")
    rows = table_of("fusion.py", *words)
    scores = {row["model"]: float(row["mean CCC"]) for row in rows}
    assert [row["by"] for row in rows if row["model"] == "units"] == [""]  # the reference
    for fusion in ("concatenation", "gated", "cross-attention", "late"):
        for voice in ("voice", "noise"):
            assert {f"{fusion}, {voice}", f"{fusion}, {voice} missing"} <= scores.keys()
    assert scores["linear, voice"] > 0.4  # 30 and 50 % of the variance, about
    assert abs(scores["linear, noise"]) < 0.2
