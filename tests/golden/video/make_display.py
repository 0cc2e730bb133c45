"""Write display.json: small clips and what ffmpeg itself shows of them.

Needs ffmpeg 7.1 or later on the path: older ones do not apply clean apertures.

Example:
    python tests/golden/video/make_display.py
"""

import base64
import json
import struct
import subprocess
import tempfile
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT = 48, 36
SHOW = "scale=iw*sar:ih,setsar=1,format=rgb24"
TURNS = {  # a, b, c, d of the display matrix
    "mirrored": (-1, 0, 0, 1),
    "upside-down": (1, 0, 0, -1),
    "half-turn": (-1, 0, 0, -1),
    "quarter-turn": (0, 1, -1, 0),
    "three-quarter-turn": (0, -1, 1, 0),
    "transposed": (0, 1, 1, 0),
    "transposed-and-half-turn": (0, -1, -1, 0),
}
ENTRY = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1")


def picture(number: int) -> np.ndarray:
    """Return a smooth picture without any symmetry."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] / HEIGHT
    red = 128 + 60 * np.sin(3 * x + number)
    green = 60 + 120 * y
    blue = 60 + 120 * np.exp(-((x - 0.3) ** 2 + (y - 0.25) ** 2) * 5)
    return np.stack([red, green, blue], axis=-1).clip(0, 255).astype(np.uint8)


def encode(path: Path, *, codec: str, sar: Fraction | None) -> None:
    """Write some frames."""
    with av.open(path, "w") as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"qp": "24"} if codec == "libx264" else {"g": "8"}
        if sar is not None:
            stream.codec_context.sample_aspect_ratio = sar
        for number in range(8 if codec == "mpeg2video" else 1):
            frame = av.VideoFrame.from_ndarray(picture(number), "rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def turn(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Put a display matrix into the track header."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 44
    for place, value in zip((0, 4, 12, 16), matrix, strict=True):
        at = start + place
        data[at : at + 4] = (value * 65536).to_bytes(4, "big", signed=True)
    path.write_bytes(data)


def add_clean_aperture(path: Path, width: int, height: int, right: int, down: int) -> None:
    """Add a `clap` box to the sample entry of a file whose index is at its end."""
    data = bytearray(path.read_bytes())
    parents, start = [], 0
    for kind in ENTRY:
        while data[start + 4 : start + 8] != kind:
            start += int.from_bytes(data[start : start + 4], "big")
        parents.append(start)
        start += 16 if kind == b"stsd" else 8
    end = parents[-1] + int.from_bytes(data[parents[-1] : parents[-1] + 4], "big")
    numbers = (width, 1, height, 1, right, 1, down, 1)
    data[end:end] = struct.pack(">I4sIIIIiIiI", 40, b"clap", *numbers)
    for place in parents:
        size = int.from_bytes(data[place : place + 4], "big") + 40
        data[place : place + 4] = size.to_bytes(4, "big")
    path.write_bytes(data)


def ffmpeg(*arguments: object) -> bytes:
    """Run ffmpeg and return what it writes."""
    command = ["ffmpeg", "-v", "error", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def clips(folder: Path) -> dict[str, Path]:
    """Write every clip."""
    found = {}

    def new(name: str, *, codec: str = "libx264", sar: str | None = None) -> Path:
        found[name] = folder / name
        encode(found[name], codec=codec, sar=Fraction(sar) if sar else None)
        return found[name]

    new("square.mp4")
    for name, sar in [("hdv", "4/3"), ("wide", "16/9"), ("ntsc", "8/9"), ("pal", "16/11")]:
        new(f"{name}.mp4", sar=sar)
    new("dvd.mpg", codec="mpeg2video", sar="16/11")
    new("broadcast.ts", codec="mpeg2video", sar="4/3")
    new("wide.mkv", sar="16/9")
    for name, matrix in TURNS.items():
        turn(new(f"{name}.mp4"), matrix)
    turn(new("quarter-turn-wide.mp4", sar="16/9"), TURNS["quarter-turn"])
    turn(new("mirrored-wide.mp4", sar="4/3"), TURNS["mirrored"])
    add_clean_aperture(new("aperture.mp4"), 38, 22, 3, -3)
    add_clean_aperture(new("aperture-pal.mp4", sar="16/11"), 44, 36, 0, 0)
    turned = new("aperture-quarter-turn.mp4")
    add_clean_aperture(turned, 38, 22, 3, -3)
    turn(turned, TURNS["quarter-turn"])
    found["aperture.mkv"] = folder / "aperture.mkv"
    ffmpeg("-i", found["aperture.mp4"], "-c", "copy", found["aperture.mkv"])
    return found


def shown(clip: Path) -> dict[str, object]:
    """Return a clip and its first frame as ffmpeg shows it."""
    rgb = ffmpeg("-i", clip, "-vf", SHOW, "-frames:v", 1, "-f", "rawvideo", "-")
    header = ffmpeg(
        "-i",
        clip,
        "-vf",
        SHOW,
        "-frames:v",
        1,
        "-f",
        "yuv4mpegpipe",
        "-pix_fmt",
        "yuv444p",
        "-",
    )
    words = header.split(b"\n")[0].decode().split()
    return {
        "clip": base64.b64encode(clip.read_bytes()).decode(),
        "width": int(words[1][1:]),
        "height": int(words[2][1:]),
        "rgb": base64.b64encode(zlib.compress(rgb, 9)).decode(),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        shows = {name: shown(clip) for name, clip in clips(Path(folder)).items()}
    version = ffmpeg("-version").decode().splitlines()[0]
    document = {"origin": f"{version}; -vf {SHOW}", "shows": shows}
    path = Path(__file__).with_name("display.json")
    path.write_text(json.dumps(document, indent=0) + "\n", encoding="utf-8")
    print(f"wrote {path}")
