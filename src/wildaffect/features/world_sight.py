"""Features of rendered faces by the mesh alone, as for a tracked face, without detection.

By default `world_features` uses files and the detector, as extraction does, so that both
agree to the bit. For tens of thousands of faces at known locations that is three times the
work; here the mesh runs once, near the face.
"""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import FaceObservation, Status
from wildaffect.faces.blendshapes import Blendshapes
from wildaffect.faces.mesh import FaceMesh, Mesh
from wildaffect.faces.pose import head_pose
from wildaffect.faces.regions import Region
from wildaffect.features.geometry import geometry_row
from wildaffect.features.records import NO_DIGEST, FeatureTable, Provenance
from wildaffect.features.sets import geometry_set
from wildaffect.features.store import FeatureStore
from wildaffect.runtime.network import Device
from wildaffect.synth.clip import draw_crops
from wildaffect.synth.landmarks import NAMES
from wildaffect.synth.motion import FPS
from wildaffect.synth.plan import PlannedVideo
from wildaffect.synth.render.renderer import Renderer
from wildaffect.synth.stream import take_of

REGION_MARGIN = 1.9
"""Side of the mesh's square, in extents of the known points."""
SHIFT, SCALE, TURN_RAD = 0.03, 0.06, 0.05
"""Spread of the error of that square: of its position (in sides), size and rotation."""
MIN_PRESENCE = 0.5
EYES = (NAMES.index("right_eye"), NAMES.index("left_eye"))


def see_video(root: Path, video: PlannedVideo) -> int:
    """Render one video, store the measures of its frames, and return their number.

    A frame in which the mesh finds no face, such as a face behind a hand, has no row.
    """
    take = take_of(video)
    rng = np.random.default_rng((*video.seed, 0x5EE))
    renderer = Renderer(video.size_px, video.size_px)
    mesh, blendshapes = _networks()
    numbers: list[int] = []
    rows: list[NDArray[np.float32]] = []
    crops = draw_crops(take, video.frame_numbers - 1, renderer=renderer)
    for number, crop in zip(video.frame_numbers.tolist(), crops, strict=True):
        seen = mesh(crop.rgb, _region(crop.landmarks_xy, rng))
        if seen.presence >= MIN_PRESENCE:
            numbers.append(number)
            rows.append(geometry_row(_observation(seen, blendshapes)))
    _store(root, video, numbers, rows)
    return len(video.frame_numbers)


def _region(points_xy: NDArray[np.float32], rng: np.random.Generator) -> Region:
    """Return a square around the face, with an error as in tracking."""
    low, high = points_xy.min(0), points_xy.max(0)
    across = points_xy[EYES[1]] - points_xy[EYES[0]]
    side = float((high - low).max()) * REGION_MARGIN
    x, y = (low + high) / 2 + rng.normal(0, SHIFT, 2) * side
    return Region(
        center_x=float(x),
        center_y=float(y),
        side=side * float(np.exp(rng.normal(0, SCALE))),
        angle_rad=float(np.arctan2(across[1], across[0]) + rng.normal(0, TURN_RAD)),
    )


def _observation(seen: Mesh, blendshapes: Blendshapes) -> FaceObservation:
    box = seen.box_xyxy()
    return FaceObservation(
        track_id=0,
        status=Status.OK,
        detection_score=1.0,
        presence=seen.presence,
        box_xyxy=box,
        landmarks_xyz=seen.landmarks_xyz,
        blendshapes=blendshapes(seen.landmarks_xyz),
        pose=head_pose(seen.landmarks_xyz),
        face_size_px=float(np.sqrt((box[2] - box[0]) * (box[3] - box[1]))),
        sharpness=0.0,
    )


def _store(
    root: Path, video: PlannedVideo, numbers: list[int], rows: list[NDArray[np.float32]]
) -> None:
    measured = geometry_set()
    store = FeatureStore(root)
    store.make_folder()
    store.write(
        FeatureTable(
            feature_set=measured.name,
            video=video.name,
            track="0",
            columns=measured.columns,
            frame_number=np.array(numbers, np.int64),
            time_s=(np.array(numbers) - 1) / FPS,
            provenance=Provenance(
                content_sha256=NO_DIGEST,
                preprocess_sha256=NO_DIGEST,
                weights_sha256=measured.weights_sha256,
            ),
            num_tracks=1,
            numbering="named",
            time_is_guessed=False,
            values=np.array(rows, np.float32).reshape(len(rows), len(measured.columns)),
        )
    )


@cache
def _networks() -> tuple[FaceMesh, Blendshapes]:
    """Return the networks of this process, compiled once."""
    return FaceMesh(Device()), Blendshapes(Device())
