"""Measure what each action unit of the generated people does to the face that is read.

    python benchmarks/atlas.py --people 12

Draws each action unit alone at three intensities, runs the face chain and prints how far
the measures move against the same person's neutral face, and which action units look alike.
"""

import argparse
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.faces.blendshapes import DEAD, Blendshapes
from wildaffect.faces.blendshapes import NAMES as BLENDSHAPES
from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.mesh import FaceMesh
from wildaffect.faces.pose import head_pose
from wildaffect.features.geometry import GEOMETRY_NAMES, geometry
from wildaffect.runtime.network import Device
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
from wildaffect.synth.traits import draw_traits

LEVELS = (0.3, 0.6, 1.0)
SIZE_PX = 224
BORDER_PX = 80
NUM_SHOWN = 7
FIRST_PERSON = 880_000


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=12)
    num_people = parser.parse_args().people
    reader = _Reader()
    people = [_bare(FIRST_PERSON + n) for n in range(num_people)]
    neutral = np.stack([reader.read(person, 0, 0.0) for person in people])
    moved = {
        (number, level): np.stack([reader.read(p, number, level) for p in people]) - neutral
        for number in DRAWN
        for level in LEVELS
    }
    noise = np.concatenate(list(moved.values())).std(0) + 1e-9
    names = reader.names
    print(f"{num_people} people; changes in units of each measure's spread over the atlas")
    for number in sorted(DRAWN):
        steps = [moved[number, level].mean(0) / noise for level in LEVELS]
        order = np.argsort(-np.abs(steps[-1]))[:NUM_SHOWN]
        record = ", ".join(
            f"{names[i]} " + "/".join(f"{step[i]:+.1f}" for step in steps) for i in order
        )
        print(f"AU{number}: {record}")
    _print_likeness({n: moved[n, LEVELS[-1]] / noise for n in DRAWN})


def _print_likeness(changes: dict[int, NDArray[np.floating]]) -> None:
    """Print the nearest other action units by direction, and the nearest-mean accuracy."""
    means = {n: c.mean(0) for n, c in changes.items()}
    unit = {n: m / np.linalg.norm(m) for n, m in means.items()}
    print(
        "| AU | size | most alike (cosine) | recognized at full strength |\n"
        "|---|---|---|---|"
    )
    for number in sorted(changes):
        others = sorted(
            ((float(unit[number] @ unit[o]), o) for o in changes if o != number),
            reverse=True,
        )[:3]
        alike = ", ".join(f"AU{o} {cosine:.2f}" for cosine, o in others)
        right = 0
        for place, change in enumerate(changes[number]):
            # leave this person out of every mean
            best = min(
                changes,
                key=lambda n: float(
                    np.linalg.norm(change - np.delete(changes[n], place, 0).mean(0))
                ),
            )
            right += best == number
        size = float(np.linalg.norm(means[number]))
        print(f"| {number} | {size:.1f} | {alike} | {right} of {len(changes[number])} |")


def _bare(seed: int) -> Person:
    """Return a person without glasses, all action units at usual strength, symmetric."""
    traits = draw_traits(seed)
    ones = np.ones_like(traits.gain)
    return make_person(
        replace(traits, glasses="none", gain=ones, asymmetry=0 * ones), texture_divisor=1
    )


class _Reader:
    """Draws one moment and reads it with the face chain."""

    def __init__(self) -> None:
        device = Device()
        self._detect, self._mesh = FaceDetector(device), FaceMesh(device)
        self._score = Blendshapes(device)
        self._renderer = Renderer(SIZE_PX, SIZE_PX)
        live = [i for i, name in enumerate(BLENDSHAPES) if name not in DEAD and i > 0]
        self._live = live
        self.names = [*GEOMETRY_NAMES, *(f"bs:{BLENDSHAPES[i]}" for i in live)]

    def read(self, person: Person, number: int, level: float) -> NDArray[np.float64]:
        """Return measures and blendshapes of a person who shows one action unit."""
        picture = self._studio(person, number, level)
        wider = cv2.copyMakeBorder(picture, *[BORDER_PX] * 4, cv2.BORDER_REPLICATE)
        region = self._detect(wider)[0].region()
        for _ in range(2):
            mesh = self._mesh(wider, region)
            region = mesh.region()
        points = mesh.landmarks_xyz
        measures = geometry(points[None], np.array([head_pose(points)]))[0]
        return np.concatenate([measures, self._score(points)[self._live]])

    def _studio(self, person: Person, number: int, level: float) -> NDArray[np.uint8]:
        shown = np.zeros(len(DRAWN))
        if number:
            shown[COLUMN[number]] = level
        moment = Moment(intensities=shown, rotation=np.eye(3, dtype=np.float32))
        vertices = posed_vertices(person, moment)
        neutral = landmarks_of(on_image_plane(person.mesh.vertices))
        scale = SIZE_PX / 1.75
        middle = neutral[:5].mean(0) + np.array([0, 0.06])
        matrix = np.array([[scale, 0, 0], [0, scale, 0]], np.float64)
        matrix[:, 2] = SIZE_PX / 2 - scale * middle
        drawing = self._renderer.draw(
            person, moment, vertices, Placement(matrix=matrix), STUDIO
        )
        light = drawing.color + (1 - drawing.alpha[..., None]) * 0.3
        light = light / (1 + 0.18 * light)
        return (np.clip(light, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


if __name__ == "__main__":
    main()
