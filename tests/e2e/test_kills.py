"""Commands that are stopped at any time and repeated end with what an unbroken run gives.

For ten kills of each command: `WILDAFFECT_KILLS=10 pytest -m slow tests/e2e/test_kills.py`.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from wildaffect.cli.main import main
from wildaffect.features.store import FeatureStore
from wildaffect.outputs.events_file import EVENTS_SUFFIX, events_path
from wildaffect.outputs.sidecar import read_sidecar

pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    pytest.mark.usefixtures("takes_interrupts"),
]

KILLS = int(os.environ.get("WILDAFFECT_KILLS", "1"))
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
STATUS = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 143, signal.SIGINT: 130}


@pytest.fixture(scope="module")
def world(tmp_path_factory, portrait_views, save_clip):
    """A generated world of six people with its features, and clips; never change it."""
    folder = tmp_path_factory.mktemp("kills") / "world"
    assert main(["synth", "make", "tiny", "-o", str(folder), "--size", "64"]) == 0
    crops = ["extract", str(folder / "cropped_aligned"), "-o", str(folder / "features")]
    assert main([*crops, "--quiet"]) == 0
    (folder / "videos").mkdir()
    for number in range(3):
        views = portrait_views(30 + number, size=(160, 120), zoom=0.6)
        save_clip(folder / f"videos/{number}.mp4", views)
    return folder


def command(name: str, world: Path, out: Path) -> list[str]:
    videos = str(world / "videos")
    return {
        "analyze": ["analyze", videos, "-o", str(out), "--resume", "--overlay"],
        "analyze-workers": [
            "analyze", videos, "-o", str(out), "--resume", "--workers", "2",
        ],
        "extract": ["extract", videos, "-o", str(out), "--workers", "2", "--quiet"],
        "train": [
            "train", "abaw4-gru", "--data", str(world), "--features",
            str(world / "features"), "-o", str(out), "--num-epochs", "6",
            "--model.encoder.hidden-dim", "64", "--selection.share", "0.4",
        ],
        "finetune": [
            "finetune", "finetune-iresnet-small", "--data", str(world), "-o", str(out),
            "--num-epochs", "3", "--batch-size", "64", "--precision", "32-true",
        ],
        "synth": [
            "synth", "make", "tiny", "-o", str(out), "--size", "32", "--workers", "2",
        ],
    }[name]  # fmt: skip


def tables(out: Path) -> dict[str, object]:
    events = set(out.glob(f"*{EVENTS_SUFFIX}"))
    results = set(out.glob("*.csv")) - events
    assert all(read_sidecar(path)["complete"] for path in results)
    assert {events_path(path) for path in results} == events
    return {path.name: path.read_bytes() for path in out.glob("*.csv")}


def tables_with_overlays(out: Path) -> dict[str, object]:
    found = tables(out)
    results = [out / name for name in found if not name.endswith(EVENTS_SUFFIX)]
    assert all(path.with_suffix(".overlay.mp4").exists() for path in results)
    return found


def features(out: Path) -> dict[str, object]:
    store = FeatureStore(out)
    found: dict[str, object] = {}
    for name in store.entries():
        folder = out / name.feature_set / name.video
        found[str(name)] = (folder / store.sidecar(name).data_file).read_bytes()
    return found


def run_of_training(out: Path) -> dict[str, object]:
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        for key in [key for key in line if "second" in key or key.endswith("_s")]:
            del line[key]
    kept = ["weights.safetensors", *(path.name for path in out.glob("scores-*.json"))]
    return {"metrics": lines} | {name: (out / name).read_bytes() for name in kept}


def every_file(out: Path) -> dict[str, object]:
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file()
    }


COMMANDS: dict[str, Callable[[Path], dict[str, object]]] = {
    "analyze": tables_with_overlays,
    "analyze-workers": tables,
    "extract": features,
    "train": run_of_training,
    "finetune": run_of_training,
    "synth": every_file,
}


def start(words: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "wildaffect", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_was_stopped_at_any_time_ends_as_an_unbroken_one(
    name, world, tmp_path
):
    whole = tmp_path / "whole"
    began_s = time.monotonic()
    assert start(command(name, world, whole)).wait() == 0
    took_s = time.monotonic() - began_s
    expected = COMMANDS[name](whole)
    assert expected
    rng = random.Random(name)
    kills = 0
    while kills < KILLS:
        out = tmp_path / f"run{kills}-{took_s}"
        words = command(name, world, out)
        after_s, sent = rng.uniform(0.3, 0.95) * took_s, rng.choice(SIGNALS)
        child = start(words)
        time.sleep(after_s)
        child.send_signal(sent)
        status = child.wait(timeout=60)
        case = (name, kills, sent, after_s)
        if status == 0:  # it ended before, as the machine is faster by now
            took_s = after_s
            continue
        assert status in {STATUS[sent], -sent}, case
        kills += 1
        assert start(words).wait() == 0, case
        assert COMMANDS[name](out) == expected, case
        assert not [path for path in out.rglob("*.part*") if name != "train"], case
        shutil.rmtree(out)
