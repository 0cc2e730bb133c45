"""The whole system in miniature: generated clips under file names of CREMA-D."""

import json
from dataclasses import replace
from pathlib import Path

import av
import pytest
from tests.support.crema_d import write_crema_d

from wildaffect.core.errors import UsageError
from wildaffect.inference.artifact import load_artifact
from wildaffect.recipes.open_real import open_real
from wildaffect.synth.dataset import write_world
from wildaffect.synth.presets import PRESETS
from wildaffect.workflows.analyze import analyze
from wildaffect.workflows.open_real import train_open_real
from wildaffect.workflows.system_options import OpenRealOptions
from wildaffect.workflows.systems import SystemCallbacks

NUM_ACTORS, CLIPS_EACH = 4, 2


def as_flash_video(source: Path, target: Path) -> None:
    """Encode as Flash video (Sorenson H.263), the container of CREMA-D's clips."""
    target.parent.mkdir(exist_ok=True)
    with av.open(str(source)) as given, av.open(str(target), "w", format="flv") as out:
        stream = out.add_stream("flv", rate=30)
        stream.width = given.streams.video[0].width
        stream.height = given.streams.video[0].height
        stream.pix_fmt = "yuv420p"
        for frame in given.decode(video=0):
            out.mux(stream.encode(frame.reformat(format="yuv420p")))
        out.mux(stream.encode(None))


@pytest.fixture(scope="module")
def crema_d(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("crema-d")
    world = tmp_path_factory.mktemp("drawn")
    preset = replace(
        PRESETS["tiny"],
        people={"train": NUM_ACTORS, "val": 0, "test": 0},
        videos_per_person=CLIPS_EACH,
        rows_per_video=6,
    )
    drawn = write_world(
        world, preset, seed=5, statistics="balanced", size_px=96, workers=1, files="videos"
    )
    for _ in drawn:
        pass
    clips = [(i, letter) for i in range(NUM_ACTORS) for letter in "HA"]
    table = write_crema_d(root, clips)
    names = [
        line.split(",")[7].strip('"')
        for line in table.read_text().splitlines()
        if line.startswith('"2')
    ]
    for name, video in zip(names, sorted((world / "videos").iterdir()), strict=True):
        as_flash_video(video, root / "VideoFlash" / f"{name}.flv")
    return root


def command_for(data: Path, output: Path) -> OpenRealOptions:
    recipe = open_real()
    model = replace(recipe.model, num_epochs=2, batch_size=4)
    return OpenRealOptions(
        recipe=replace(recipe, model=model, world="tiny", people=2),
        data=data,
        output=output,
        device="cpu",
    )


@pytest.mark.slow
def test_one_command_leads_from_a_folder_like_crema_d_to_an_artifact(crema_d, tmp_path):
    notes, results = [], []
    callbacks = SystemCallbacks(on_note=notes.append, on_result=results.append)
    command = command_for(crema_d, tmp_path / "out")
    artifact = train_open_real(command, callbacks)

    assert any("Open Database License" in note for note in notes)
    first = next(i for i, note in enumerate(notes) if "stage 1" in note)
    assert any("Open Database License" in note for note in notes[:first])
    manifest = load_artifact(artifact).manifest
    assert {source.license for source in manifest.sources} >= {
        "ODbL-1.0 and DbCL-1.0 (CREMA-D)"
    }
    assert len(manifest.sources) == 2
    run = tmp_path / "out" / "run"
    for name in ("world", "clips"):
        assert (run / f"scores-{name}.json").is_file()
    data = json.loads((run / "data.json").read_text())
    trained_on = set(data["train_videos"] + data["dev_videos"])
    own = {clip.stem for clip in (crema_d / "VideoFlash").iterdir()}
    assert {name[:4] for name in trained_on & own} == {"1001", "1002", "1004"}

    clip = sorted((crema_d / "VideoFlash").iterdir())[0]
    (row, *_) = analyze(clip, model=artifact).table.to_pylist()
    probs = [value for name, value in row.items() if name.startswith("p_")]
    assert len(probs) == 8
    assert sum(probs) == pytest.approx(1, abs=1e-3)
    assert -1 <= row["valence"] <= 1

    again = []
    train_open_real(command, SystemCallbacks(on_note=again.append))
    assert any("exported before" in note for note in again)
    with pytest.raises(UsageError, match="holds a system with another seed"):
        train_open_real(replace(command, seed=1))
