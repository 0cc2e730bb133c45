"""Write docs/pictures/demo.webp, the moving picture of README.md, from the demo's overlay.

wildaffect demo && python scripts/draw_moving_picture.py demo-results/people.overlay.mp4
"""

import sys
from pathlib import Path

import av
from PIL import Image

TARGET = Path(__file__).parents[1] / "docs/pictures/demo.webp"
SIZE = (560, 315)
EVERY = 3
FRAME_MS = 100


def main() -> None:
    """Take every third frame of the video."""
    with av.open(sys.argv[1]) as video:
        frames = [
            frame.to_image().resize(SIZE, Image.Resampling.LANCZOS)
            for index, frame in enumerate(video.decode(video=0))
            if index % EVERY == 0
        ]
    frames[0].save(
        TARGET,
        save_all=True,
        append_images=frames[1:],
        duration=FRAME_MS,
        loop=0,
        quality=45,
        method=4,
    )
    print(f"wrote {TARGET.name}: {len(frames)} pictures, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
