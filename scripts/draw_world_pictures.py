"""Draw the pictures of the data sheet of the generated world.

    python scripts/draw_world_pictures.py docs/pictures

Writes world-atlas.jpg (each action unit alone at three intensities on three people),
world-crops.jpg, world-time.jpg and world-scenes.jpg.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.core.tasks import ABAW_EXPRESSIONS, EXTENDED_ACTION_UNIT_NAMES
from wildaffect.synth.clip import draw_crops
from wildaffect.synth.facs import COLUMN, DRAWN
from wildaffect.synth.landmarks import landmarks_of
from wildaffect.synth.light import STUDIO
from wildaffect.synth.person import Person, make_person
from wildaffect.synth.render.renderer import (
    Moment,
    Placement,
    Renderer,
    on_image_plane,
    posed_vertices,
)
from wildaffect.synth.scene import draw_scene
from wildaffect.synth.scene_truth import Seen
from wildaffect.synth.statistics import WILD
from wildaffect.synth.take import draw_take
from wildaffect.synth.traits import draw_traits

Picture = NDArray[np.uint8]
ATLAS_PEOPLE = (6, 8, 1006)
ATLAS_LEVELS = (0.35, 0.7, 1.0)
QUALITY = 82


def main() -> None:
    """Draw every picture into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for name, draw in (
        ("atlas", atlas),
        ("crops", crops),
        ("time", time_strips),
        ("scenes", scenes),
    ):
        path = folder / f"world-{name}.jpg"
        picture = draw()[..., ::-1]
        cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        print(f"{path}: {picture.shape[1]}x{picture.shape[0]}, {path.stat().st_size} bytes")


def atlas() -> Picture:
    """Return each action unit alone at three intensities on three people."""
    renderer = Renderer(104, 104)
    rows = []
    for seed in ATLAS_PEOPLE:
        person = make_person(replace(draw_traits(seed), glasses="none"))
        for level in ATLAS_LEVELS:
            row = [_studio(renderer, person, 0, 0.0)]
            row += [_studio(renderer, person, n, level) for n in EXTENDED_ACTION_UNIT_NAMES]
            labels = ["neutral", *(f"AU{n} {level:g}" for n in EXTENDED_ACTION_UNIT_NAMES)]
            rows.append(np.concatenate(list(map(_written, row, labels)), 1))
    return np.concatenate(rows)


def _studio(renderer: Renderer, person: Person, number: int, level: float) -> Picture:
    shown = np.zeros(len(DRAWN))
    if number:
        shown[COLUMN[number]] = level
    moment = Moment(intensities=shown, rotation=np.eye(3, dtype=np.float32))
    vertices = posed_vertices(person, moment)
    neutral = landmarks_of(on_image_plane(person.mesh.vertices))
    scale = renderer.width / 1.75
    middle = neutral[:5].mean(0) + np.array([0, 0.06])
    matrix = np.array([[scale, 0, 0], [0, scale, 0]], np.float64)
    matrix[:, 2] = renderer.width / 2 - scale * middle
    drawing = renderer.draw(person, moment, vertices, Placement(matrix=matrix), STUDIO)
    light = drawing.color + (1 - drawing.alpha[..., None]) * 0.3
    light = light / (1 + 0.18 * light)
    return (np.clip(light, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def crops() -> Picture:
    """Return aligned crops of 56 people as the wild preset draws them."""
    renderer, pictures = Renderer(112, 112), []
    for number in range(56):
        take = draw_take(
            (12, number), identity=4200 + number, num_frames=200, statistics=WILD
        )
        (crop,) = draw_crops(take, [150], renderer=renderer)
        pictures.append(crop.rgb)
    rows = [np.concatenate(pictures[i : i + 12], 1) for i in range(0, 48, 12)]
    return np.concatenate(rows)


def time_strips() -> Picture:
    """Return five clips over 12 s with what is true in each frame."""
    renderer, rows = Renderer(112, 112), []
    for number in range(5):
        take = draw_take(
            (31, number), identity=4300 + number, num_frames=366, statistics=WILD
        )
        frames = range(0, 361, 33)
        strip = []
        for frame, crop in zip(
            frames, draw_crops(take, frames, renderer=renderer), strict=True
        ):
            truth = take.behavior
            name = ABAW_EXPRESSIONS.labels[truth.expression[frame]]
            text = f"{name[:5]} {truth.valence[frame]:+.1f} {truth.arousal[frame]:+.1f}"
            strip.append(_written(crop.rgb, text))
        rows.append(np.concatenate(strip, 1))
    return np.concatenate(rows)


def scenes() -> Picture:
    """Return frames of scenes with the true boxes and points."""
    pictures = []
    for number in range(6):
        cast = list(range(4400 + 10 * number, 4406 + 10 * number))
        for frame in draw_scene(
            (21, number), height=270, width=480, num_frames=50, cast=cast
        ):
            if frame.index in {20, 46}:
                pictures.append(_boxed(frame.rgb, frame.people))
    rows = [np.concatenate(pictures[i : i + 3], 1) for i in range(0, 12, 3)]
    return np.concatenate(rows)


def _boxed(rgb: Picture, people: tuple[Seen, ...]) -> Picture:
    picture = rgb.copy()
    for seen in people:
        left, top, right, bottom = (int(value) for value in seen.box_xyxy)
        cv2.rectangle(picture, (left, top), (right, bottom), (40, 220, 60), 1)
        for x, y in seen.landmarks_xy:
            cv2.circle(picture, (int(x), int(y)), 1, (255, 60, 40), -1)
        text = f"yaw {seen.pose.yaw_deg:.0f} seen {seen.visible:.2f}"
        cv2.putText(
            picture, text, (left, top - 4), 0, 0.35, (255, 255, 255), 1, cv2.LINE_AA
        )
    return picture


def _written(picture: Picture, text: str) -> Picture:
    picture = picture.copy()
    for color, thick in (((0, 0, 0), 2), ((255, 240, 120), 1)):
        cv2.putText(picture, text, (3, 10), 0, 0.32, color, thick, cv2.LINE_AA)
    return picture


if __name__ == "__main__":
    main()
