"""Write the pictures of README.md and of the site that show what `wildaffect demo` writes.

    wildaffect demo && wildaffect report demo-results
    python scripts/draw_demo_pictures.py demo-results

The picture of a report is taken by Chromium.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import av
from PIL import Image

PICTURES = Path(__file__).parents[1] / "docs/pictures"
SIZE = (560, 315)
EVERY = 3
FRAME_MS = 100
MOVING = (("people.overlay.mp4", 4.5, 8.0), ("clip.overlay.mp4", 0.0, 2.5))
"""Files of the demo, and the seconds of each that move in README.md."""
STILL = ("clip.overlay.mp4", 3.0)
REPORT = ("clip.html", 1280, 1240)
"""Page, and the width and height of the window that shows it."""


def main() -> None:
    """Write each picture."""
    folder = Path(sys.argv[1])
    frames = [
        frame.resize(SIZE, Image.Resampling.LANCZOS)
        for name, start_s, stop_s in MOVING
        for frame in _frames(folder / name, start_s, stop_s)
    ]
    frames[0].save(
        PICTURES / "demo.webp",
        save_all=True,
        append_images=frames[1:],
        duration=FRAME_MS,
        loop=0,
        quality=50,
        method=4,
    )
    name, start_s = STILL
    next(_frames(folder / name, start_s, start_s + 1)).save(
        PICTURES / "overlay.jpg", quality=85
    )
    _photograph((folder / REPORT[0]).resolve(), REPORT[1:])
    for name in ("demo.webp", "overlay.jpg", "report.webp"):
        print(f"wrote {name}: {(PICTURES / name).stat().st_size} bytes")


def _frames(path: Path, start_s: float, stop_s: float) -> Iterator[Image.Image]:
    """Yield every third frame between two times."""
    with av.open(str(path)) as video:
        for index, frame in enumerate(video.decode(video=0)):
            if index % EVERY == 0 and start_s <= frame.time < stop_s:
                yield frame.to_image()


def _photograph(page: Path, size: tuple[int, int]) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if browser is None:
        raise SystemExit("report.webp: needs chromium")
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "report.png"
        flags = (
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            "--virtual-time-budget=60000",
        )
        window = f"--window-size={size[0]},{size[1]}"
        subprocess.run(
            [browser, *flags, window, f"--screenshot={shot}", page.as_uri()],
            check=True,
            capture_output=True,
        )
        picture = Image.open(shot).convert("RGB")
        picture.save(PICTURES / "report.webp", quality=72, method=6)


if __name__ == "__main__":
    main()
