"""Draw the clip that `wildaffect demo` shows, with its table of truth.

    python scripts/make_demo_clip.py src/wildaffect/demo

Writes people.mp4 and people.csv.gz; the same seed gives the same truth.
"""

import argparse
import gzip
from pathlib import Path

from wildaffect.synth.scene import Staging, draw_scene
from wildaffect.synth.scene_files import write_table, write_video

SEED = (2026, 3)
HEIGHT, WIDTH = 360, 640
NUM_FRAMES = 240
CAST = [4402, 6012, 4310, 4225, 4231, 6023]
NUM_PEOPLE_PROBS = (0.0, 0.0, 0.55, 0.45)
MAX_BYTES = 1_000_000


def main() -> None:
    """Draw and write both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    frames = draw_scene(
        SEED,
        height=HEIGHT,
        width=WIDTH,
        num_frames=NUM_FRAMES,
        cast=CAST,
        staging=Staging(num_people_probs=NUM_PEOPLE_PROBS),
    )
    path = folder / "people.mp4"
    kept = write_video(path, frames, WIDTH, HEIGHT)
    truth = folder / "people.csv"
    write_table(truth, kept)
    packed = gzip.compress(truth.read_bytes(), mtime=0)  # a quarter of the size
    truth.with_suffix(".csv.gz").write_bytes(packed)
    truth.unlink()
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise SystemExit(f"{path}: must be under {MAX_BYTES} bytes, got {size}")
    print(f"{path}: {len(kept)} frames, {size} bytes")


if __name__ == "__main__":
    main()
