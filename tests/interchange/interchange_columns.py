"""Made-up columns of results, for tests of the files made from them."""

import numpy as np

from wildaffect.core.tasks import EXTENDED_ACTION_UNITS
from wildaffect.faces.blendshapes import NAMES

RATE_HZ = 25.0
UNITS = EXTENDED_ACTION_UNITS.labels


def columns_of(num_frames: int, track: int = 0, seed: int = 0) -> dict[str, list]:
    """Columns of one person who is seen in every frame."""
    rng = np.random.default_rng([seed, track])

    def uniform(low=0.0, high=1.0):
        return rng.uniform(low, high, num_frames).astype(np.float32).tolist()

    columns = {
        "source": ["clip.mp4"] * num_frames,
        "frame": list(range(num_frames)),
        "time_s": [frame / RATE_HZ for frame in range(num_frames)],
        "image": [None] * num_frames,
        "track_id": [track] * num_frames,
        "status": ["ok"] * num_frames,
        "presence": uniform(0.9),
        "box_x0": [100.0 * track] * num_frames,
        "box_y0": [10.0] * num_frames,
        "box_x1": [100.0 * track + 80] * num_frames,
        "box_y1": [100.0] * num_frames,
        "pose_yaw_deg": uniform(-30, 30),
        "pose_pitch_deg": uniform(-20, 20),
        "pose_roll_deg": uniform(-10, 10),
        "valence": uniform(-1),
        "arousal": uniform(-1),
        "expression": ["Happiness"] * num_frames,
    }
    names = "neutral anger disgust fear happiness sadness surprise other".split()
    columns |= {f"p_{name}": uniform(0, 0.125) for name in names}
    columns |= {unit: uniform() for unit in UNITS}
    columns |= {f"{unit}_present": [p > 0.5 for p in columns[unit]] for unit in UNITS}
    columns |= {
        "eye_closure_left": uniform(),
        "eye_closure_right": uniform(),
        "eyes_closed": [False] * num_frames,
        "eye_yaw_deg": uniform(-20, 20),
        "eye_pitch_deg": uniform(-20, 20),
        "gaze_yaw_deg": uniform(-20, 20),
        "gaze_pitch_deg": uniform(-20, 20),
    }
    columns |= {f"{unit}_intensity": uniform(0, 5) for unit in UNITS}
    columns |= {f"blendshape_{name.lstrip('_')}": uniform() for name in NAMES}
    return columns


def without_face(columns: dict[str, list], *rows: int) -> dict[str, list]:
    """Return columns with rows of frames without a face."""
    kept = {"source", "frame", "time_s", "image"}
    return {
        name: [
            ("no_face" if name == "status" else None)
            if row in rows and name not in kept
            else cell
            for row, cell in enumerate(cells)
        ]
        for name, cells in columns.items()
    }


def merged(*people: dict[str, list]) -> dict[str, list]:
    """Return the rows of several people by frame."""
    order = sorted(
        (frame, person, row)
        for person, columns in enumerate(people)
        for row, frame in enumerate(columns["frame"])
    )
    return {
        name: [people[person][name][row] for _, person, row in order] for name in people[0]
    }
