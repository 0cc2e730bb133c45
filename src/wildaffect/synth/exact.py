"""The exact ground truth of all annotated frames, in one file next to the annotations.

Symbols: N annotated frames, in the order of the videos and of their frames.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.npz import write_npz
from wildaffect.synth.facs import DRAWN
from wildaffect.synth.plan import PlannedVideo
from wildaffect.synth.statistics import STATISTICS
from wildaffect.synth.take import draw_take

NAME = "exact.npz"
Truth = dict[str, NDArray[np.generic]]


def exact_truth(video: PlannedVideo) -> Truth:
    """Return the exact ground truth of a video's annotated frames, one row each.

    Keys and meanings are those of `behavior.Behavior`, angles with their unit, and `held`
    of `take.Take`.
    """
    take = draw_take(
        video.seed,
        identity=video.identity,
        num_frames=video.num_frames,
        statistics=STATISTICS[video.statistics],
    )
    frames = video.frame_numbers - 1
    truth = take.behavior.at(frames)
    return {
        "frame_number": video.frame_numbers,
        "valence": truth.valence,
        "arousal": truth.arousal,
        "face_valence": truth.face_valence,
        "face_arousal": truth.face_arousal,
        "expression": truth.expression,
        "expression_strength": truth.expression_strength,
        "intensities": truth.intensities,
        "intensities_left": truth.intensities_left,
        "intensities_right": truth.intensities_right,
        "pose_rad": truth.pose,
        "gaze_rad": truth.gaze,
        "talking": truth.talking,
        "held": take.held[frames],
    }


def write_exact(
    folder: Path, videos: Sequence[PlannedVideo], truths: Sequence[Truth], **named: object
) -> None:
    """Write `exact.npz` with each key of the ground truth and the video of each row.

    Args:
        folder: Folder of the data set.
        videos: Videos, in the order of the file's `videos`.
        truths: Ground truth of each video, all with the same keys.
        named: Further arrays that are not per frame.
    """
    arrays = {
        "videos": np.array([video.name for video in videos]),
        "splits": np.array([video.split for video in videos]),
        "identities": np.array([video.identity for video in videos]),
        "action_unit_numbers": np.array(DRAWN),
        "video_index": np.repeat(
            np.arange(len(videos)), [len(video.frame_numbers) for video in videos]
        ),
        **{name: np.asarray(value) for name, value in named.items()},
        **{name: np.concatenate([truth[name] for truth in truths]) for name in truths[0]},
    }
    write_npz(folder / NAME, arrays, compressed=True)
