"""The crops of expression.json: two by formula, one a photograph, then their mirror images.

Each uint8, shape (112, 112, 3).
"""

from pathlib import Path

import cv2
import numpy as np

SIDE = 112


def golden_crops() -> np.ndarray:
    """Return the crops, shape (6, 112, 112, 3), RGB."""
    rows, columns = np.indices((SIDE, SIDE))
    waves = (rows * 7 + columns * 13) % 256, (rows * columns) // 50 % 256, (rows * 3) % 256
    ramp = rows * 255 // (SIDE - 1), columns * 255 // (SIDE - 1), 255 - rows
    made = [np.stack(planes, -1).astype(np.uint8) for planes in (waves, ramp)]
    photo = cv2.imread(str(Path(__file__).with_name("astronaut_112.png")))
    crops = np.stack([*made, photo[..., ::-1]])
    return np.concatenate([crops, crops[:, :, ::-1]])


if __name__ == "__main__":
    golden_crops().tofile("crops.bin")
