"""Read frames with OpenCV and print affect as it is perceived, frame by frame.

python examples/stream_opencv.py clip.mp4, or a camera: python examples/stream_opencv.py 0
"""

import sys
from collections.abc import Iterator

import cv2

import wildaffect

source = int(sys.argv[1]) if sys.argv[1].isdecimal() else sys.argv[1]
capture = cv2.VideoCapture(source)
fps = capture.get(cv2.CAP_PROP_FPS) or 30.0


def frames() -> Iterator[cv2.typing.MatLike]:
    """Yield RGB images; OpenCV reads BGR."""
    while True:
        ok, image = capture.read()
        if not ok:
            return
        yield cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


for row in wildaffect.stream(frames(), fps=fps):
    affect = row.affect
    if affect is None:
        print(f"{row.time_s:7.2f} s  {row.status}")
    else:
        units = " ".join(affect.present_action_units)
        print(f"{row.time_s:7.2f} s  {affect.valence:+.2f}  {affect.expression}  {units}")
