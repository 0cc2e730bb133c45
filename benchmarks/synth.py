"""Measure the generated world: speed, faults of pictures, and what the face chain sees.

python benchmarks/synth.py speed
python benchmarks/synth.py faults --people 2000
python benchmarks/synth.py faces --people 150
python benchmarks/synth.py scenes --people 20
"""

import argparse
import time
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.faces.blendshapes import NAMES as BLENDSHAPES
from wildaffect.faces.blendshapes import Blendshapes
from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.mesh import FaceMesh
from wildaffect.faces.pose import head_pose
from wildaffect.features.geometry import GEOMETRY_NAMES, frontal_mesh, geometry
from wildaffect.runtime.network import Device
from wildaffect.synth.behavior import Behavior, draw_behavior
from wildaffect.synth.clip import draw_crops
from wildaffect.synth.facs import COLUMN, DRAWN
from wildaffect.synth.render.renderer import Renderer
from wildaffect.synth.statistics import BALANCED
from wildaffect.synth.take import Take, draw_take

MEASURES = (
    (1, "brow_inner_height", 1), (2, "brow_outer_height", 1), (4, "brow_gap", -1),
    (6, "lid_lower_pupil", -1), (6, "lid_aperture", -1), (6, "cheek_nose", 1),
    (6, "cheek_eye", -1), (6, "brow_outer_height", -1),
    (7, "lid_aperture", -1), (10, "nose_wing_lip", -1), (12, "corner_eye", -1),
    (15, "corner_height", -1), (23, "mouth_width", -1), (24, "lip_lower_thickness", -1),
    (25, "lip_gap", 1), (26, "jaw_drop", 1),
)  # fmt: skip
"""Measures of the mesh that an action unit must move, and which way."""
LIVE = {
    1: ("browInnerUp",), 2: ("browOuterUp",), 4: ("browDown",), 6: ("eyeSquint",),
    7: ("eyeSquint",), 10: ("mouthUpperUp",), 12: ("mouthSmile",), 23: ("mouthRoll",),
    24: ("mouthPress",), 25: ("mouthLowerDown",), 26: ("jawOpen",),
}  # fmt: skip
"""Blendshapes of an action unit that ever rise."""
CHEEKS, NOSE_TIP = (50, 118, 205, 280, 347, 425), 1
"""Landmarks of the mesh for a measure of our own: how far the cheeks lie above the nose."""
NAMES = (*GEOMETRY_NAMES, "cheek_nose")
SIDES = ("intensities", "intensities_left", "intensities_right")
FRAMES_PER_PERSON = 16
FACE_CHAIN_PX = 224
BORDER_PX = 80
"""Around a crop, as a frame would show more than the face."""


def main() -> None:
    """Run one part and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["speed", "faults", "faces", "scenes"])
    parser.add_argument("--people", type=int, default=0)
    args = parser.parse_args()
    match args.part:
        case "speed":
            speed(args.people or 8)
        case "faults":
            faults(args.people or 2000)
        case "faces":
            faces(args.people or 150)
        case "scenes":
            from scenes import scenes  # beside this file

            scenes(args.people or 20)


def speed(num_clips: int) -> None:
    """Print frames per CPU second for clips of 100 frames, identity set-up included."""
    for size_px in (64, 112, 224):
        renderer = Renderer(size_px, size_px)
        sum(1 for _ in draw_crops(_take(0), range(0, 6, 3), renderer=renderer))
        started = time.process_time()
        for clip in range(1, num_clips + 1):
            sum(1 for _ in draw_crops(_take(clip), range(0, 300, 3), renderer=renderer))
        rate = 100 * num_clips / (time.process_time() - started)
        print(f"{size_px} px: {rate:.0f} frames per CPU second")


def faults(num_people: int) -> None:
    """Draw every person twice and count black frames, holes in the face and bad numbers."""
    renderer = Renderer(112, 112)
    black = holes = bad = 0
    for person in range(num_people):
        take = _take(person, num_frames=4)
        for crop in draw_crops(take, [0, 3], renderer=renderer):
            black += int(crop.rgb.max() < 12)
            holes += _num_holes(renderer.alpha, crop.landmarks_xy)
            bad += int(not np.isfinite(crop.landmarks_xy).all())
            bad += int(not np.isfinite(renderer.color).all())
    print(f"{num_people} people: black {black}, holes {holes}, not finite {bad}")


def _num_holes(alpha: NDArray[np.float32], points: NDArray[np.float32]) -> int:
    """Return how many see-through spots lie in the face without reaching the outside."""
    hull = cv2.convexHull(points[:5].round().astype(np.int32))
    face = cv2.fillConvexPoly(np.zeros(alpha.shape, np.uint8), hull, 1)
    _, spots = cv2.connectedComponents((alpha < 0.99).astype(np.uint8))
    rim = np.unique(np.concatenate([spots[0], spots[-1], spots[:, 0], spots[:, -1]]))
    return len(set(np.unique(spots[face > 0])) - set(rim) - {0})


def faces(num_people: int) -> None:
    """Print detection by yaw, and partial correlations of measures with the truth."""
    device = Device()
    detect, mesh, score = FaceDetector(device), FaceMesh(device), Blendshapes(device)
    renderer = Renderer(FACE_CHAIN_PX, FACE_CHAIN_PX)
    rows: list[tuple[int, NDArray, NDArray, NDArray]] = []
    found, with_border = {15: [0, 0], 30: [0, 0], 45: [0, 0]}, 0
    for person in range(num_people):
        take = _posing(person)
        frames = range(FRAMES_PER_PERSON)
        for frame, crop in zip(
            frames, draw_crops(take, frames, renderer=renderer), strict=True
        ):
            yaw = abs(np.rad2deg(take.behavior.pose[frame, 0]))
            band = next(limit for limit in (15, 30, 45) if yaw <= limit + 1e-3)
            seen = detect(crop.rgb)
            found[band][1] += 1
            wider = cv2.copyMakeBorder(crop.rgb, *[BORDER_PX] * 4, cv2.BORDER_REPLICATE)
            with_border += bool(detect(wider))
            if not seen:
                continue
            face = mesh(crop.rgb, seen[0].region())
            if face.presence < 0.5:
                continue
            found[band][0] += 1
            pose = np.array([head_pose(face.landmarks_xyz)])
            rows.append(
                (
                    person,
                    take.behavior.intensities[frame],
                    _measures(face.landmarks_xyz[None], pose),
                    score(face.landmarks_xyz),
                )
            )
    for band, (hits, total) in found.items():
        print(f"yaw up to {band}: {hits} of {total} found ({100 * hits / total:.1f} %)")
    hits, total = np.array(list(found.values())).sum(0)
    print(
        f"all: {100 * hits / total:.1f} %; with a border {100 * with_border / total:.1f} %"
    )
    _print_correlations(rows)


def _measures(landmarks_xyz: NDArray, pose: NDArray) -> NDArray:
    """Return the package's measures of one mesh, then how far cheeks are above the nose."""
    up = frontal_mesh(landmarks_xyz, pose)[0, :, 1]
    return np.append(
        geometry(landmarks_xyz, pose)[0], up[list(CHEEKS)].mean() - up[NOSE_TIP]
    )


def _print_correlations(rows: list[tuple[int, NDArray, NDArray, NDArray]]) -> None:
    person = np.array([row[0] for row in rows])
    truth, measured, scores = (
        _without_person_mean(np.stack([row[place] for row in rows]), person)
        for place in (1, 2, 3)
    )
    print("| AU | measure | r | blendshape | r |\n|---|---|---|---|---|")
    for number, name, sign in MEASURES:
        columns = [i for i, n in enumerate(NAMES) if n.startswith(name)]
        by_mesh = sign * _partial(measured[:, columns].mean(1), truth, COLUMN[number])
        shape, by_shape = "-", "-"
        if number in LIVE:
            (shape,) = LIVE[number]
            columns = [i for i, n in enumerate(BLENDSHAPES) if n.startswith(shape)]
            by_shape = f"{_partial(scores[:, columns].mean(1), truth, COLUMN[number]):+.2f}"
        print(
            f"| {number} | {'+-'[sign < 0]}{name} | {by_mesh:+.2f} | {shape} | {by_shape} |"
        )


def _partial(values: NDArray, truth: NDArray, column: int) -> float:
    """Return the correlation with one column of truth, the others held still."""
    others = np.delete(truth, column, axis=1)
    others = np.column_stack([others, np.ones(len(others))])
    left = values - others @ np.linalg.lstsq(others, values, rcond=None)[0]
    own = truth[:, column]
    right = own - others @ np.linalg.lstsq(others, own, rcond=None)[0]
    return float(np.corrcoef(left, right)[0, 1])


def _without_person_mean(values: NDArray, person: NDArray) -> NDArray:
    centered = values.astype(np.float64).copy()
    for item in np.unique(person):
        centered[person == item] -= centered[person == item].mean(0)
    return centered


def _take(number: int, num_frames: int = 300) -> Take:
    return draw_take(
        (77, number), identity=770_000 + number, num_frames=num_frames, statistics=BALANCED
    )


def _posing(number: int) -> Take:
    """Return a take in which every frame shows other random actions and another pose."""
    take = _take(number, FRAMES_PER_PERSON)
    rng = np.random.default_rng((number, 3))
    shape = (FRAMES_PER_PERSON, len(DRAWN))
    shown = rng.random(shape) * (rng.random(shape) < 0.25)
    shown[:, COLUMN[43]] *= rng.random(FRAMES_PER_PERSON) < 0.15
    spread = np.deg2rad([45, 12, 8])
    pose = rng.uniform(-1, 1, (FRAMES_PER_PERSON, 3)) * spread
    calm: Behavior = draw_behavior((1, number), FRAMES_PER_PERSON, BALANCED)
    behavior = replace(
        calm,
        **dict.fromkeys(SIDES, shown.astype(np.float32)),
        pose=pose.astype(np.float32),
        gaze=np.clip(calm.gaze, -0.25, 0.25),
    )
    return Take(
        traits=take.traits,
        behavior=behavior,
        light=take.light,
        camera=take.camera,
        prop=take.prop,
        held=take.held,
        seed=take.seed,
    )


if __name__ == "__main__":
    main()
