"""Write the small world of `wildaffect demo-train`: annotations and stored features.

Needs the extra `world`; about a minute on one core:

    python scripts/make_demo_world.py
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from wildaffect.demo.world import WORLD_FILE, pack_world
from wildaffect.features.world_features import write_world_features
from wildaffect.synth.exact import NAME as EXACT
from wildaffect.synth.presets import PRESETS, Preset

DEMO_WORLD: Preset = replace(
    PRESETS["tiny"], people={"train": 20, "val": 8, "test": 0}, videos_per_person=1
)
SEED, SIZE_PX = 11, 112


def generate_demo_world(folder: Path, preset: Preset = DEMO_WORLD) -> None:
    """Generate the world, or its first people, in an empty folder."""
    for state in write_world_features(
        folder,
        preset,
        seed=SEED,
        statistics=preset.statistics,
        size_px=SIZE_PX,
        workers=1,
    ):
        print(f"{state.num_done} of {state.num_videos} videos")
    (folder / EXACT).unlink()  # nothing of it is read in training


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        generate_demo_world(Path(scratch))
        pack_world(Path(scratch), WORLD_FILE)
    print(f"{WORLD_FILE}: {WORLD_FILE.stat().st_size:,} bytes")
