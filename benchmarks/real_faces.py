"""Measure models and peers on labeled photographs of real faces.

    python benchmarks/real_faces.py CK+/ JAFFE/ my-faces/labels.csv --model world \
        --model baseline-rules --face-api node_modules/@vladmandic/face-api/model \
        --face-free landscape.mp4 --json accuracy.json --into docs/accuracy.md

Models are those of the package, exported ones and those of `wildaffect models add`: network
files of other projects as `analyze` runs them, each with the crop of its description.

Sets are folders in the layout of CK+, JAFFE or CREMA-D as their owners give them, or
manifests (`image,person,expression`, see `real_faces_sets.py`). A photograph is analyzed
by itself, as `wildaffect analyze` does it; of several faces the largest counts. Of CREMA-D,
whole clips are analyzed, by our models alone, and scored by sex, age and ancestry as well.
Peers that are installed run on the faces of the first model; where this OpenCV has a Haar
cascade, `fer` and `facex` also run on its faces, as those packages do by themselves.

Scores, with 95 % intervals over people: photographs with a face; photographs scored;
balanced accuracy over the classes present, of those scored and of all (unscored ones
are wrong); macro F1; expected calibration error of the class scored (10 bins); share of
pairs in order for valence (happiness over anger, disgust, fear, sadness) and arousal
(anger, fear, surprise over neutral, sadness); CCC where valence and arousal are annotated;
mean F1 and AUC of the action units that are annotated, occur and are predicted; and the
balanced accuracy of the first model minus that of the row, on photographs that both score.
A peer's valence is p(happiness) less p(anger, disgust, fear, sadness).
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from real_faces_groups import group_scores
from real_faces_page import (
    FaceFree,
    Row,
    SetPage,
    as_json,
    between_marks,
    markdown,
)
from real_faces_pairs import PAIRED_DIFFERENCE, PairedStatistics, difference_interval
from real_faces_peers import FaceX, Fer, networks
from real_faces_scores import PersonStatistics, Prediction, intervals
from real_faces_sets import ImageSet, read_set
from real_faces_systems import Absent, Haar, OurModel, Peer

from wildaffect.core.errors import WildAffectError
from wildaffect.core.faces import Status
from wildaffect.inference.artifact import DEFAULT

USES_HAAR = {Fer.name: 10, FaceX.name: 0}
"""Peers whose packages find faces with OpenCV's cascade, and the pixels they add around."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the tables, and write them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument(
        "--model",
        action="append",
        help=f"name, also of an added model, or path (default {DEFAULT})",
    )
    parser.add_argument("--face-api", type=Path, metavar="FOLDER")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--face-free", nargs="*", type=Path, default=[], metavar="SOURCE")
    parser.add_argument("--every", type=int, default=1, help="read every n-th photograph")
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--into", type=Path, metavar="PAGE", help="replace what is between its marks"
    )
    args = parser.parse_args(argv)
    try:
        pages, free, absent = measure(args)
    except WildAffectError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    text = markdown(pages, free, absent)
    print(text, end="")
    if args.output:
        args.output.write_text(text)
    if args.into:
        args.into.write_text(between_marks(args.into.read_text(), text))
    if args.json:
        content = json.dumps(as_json(pages, free, absent), indent=1, allow_nan=False)
        args.json.write_text(content + "\n")
    return 0


def measure(
    args: argparse.Namespace,
) -> tuple[list[SetPage], list[FaceFree], dict[str, str]]:
    """Return what every system makes of every set and of frames without a face."""
    sets = [subsample(read_set(path), args.every) for path in args.sets]
    models = [OurModel(name) for name in args.model or [DEFAULT]]
    peers, absent = ([], {}) if args.no_peers else find_peers(models[0], args.face_api)
    pages = [
        SetPage(
            name=images.name,
            num_images=len(images.images),
            num_people=len({image.person for image in images.images}),
            what="clips" if images.is_clips else "photographs",
            rows=tuple(rows(images, [*models, *peers], args.resamples)),
        )
        for images in sets
    ]
    free = [face_free(model, source) for source in args.face_free for model in models]
    return pages, free, absent


def find_peers(model: OurModel, face_api: Path | None) -> tuple[list[Peer], dict[str, str]]:
    """Return the peers that can run here, and why others cannot, by name."""
    nets, absent = networks(face_api)
    peers = [Peer(detector=model, net=net) for net in nets]
    try:
        own = [
            Peer(detector=Haar(USES_HAAR[net.name]), net=net)
            for net in nets
            if net.name in USES_HAAR
        ]
        return [*peers, *own, Peer(detector=Haar())], absent
    except Absent as error:
        return peers, absent | {Haar.name: str(error)}


def rows(
    images: ImageSet, systems: Sequence[OurModel | Peer], num_resamples: int
) -> Iterator[Row]:
    """Yield the scores of each system; the first finds faces for those after it."""
    paths = [image.path for image in images.images]
    first: list[Prediction] | None = None
    for system in systems:
        if images.is_clips and not isinstance(system, OurModel):
            continue  # peers look at photographs
        print(f"{images.name}: {system.name}", file=sys.stderr)
        predict = system.predict_clips if images.is_clips else system.predict
        predictions = predict(paths)
        first = first or predictions
        statistics = PersonStatistics.of(images, predictions)
        scores = intervals(statistics, num_resamples=num_resamples)
        if paired := PairedStatistics.of(images, first, predictions):
            scores[PAIRED_DIFFERENCE] = difference_interval(
                paired, num_resamples=num_resamples
            )
        yield Row(
            system=system.name,
            crop=system.crop,
            scores=scores,
            confusion=statistics.confusion.pooled().counts[:-1],
            units=statistics.unit_names,
            is_ours=isinstance(system, OurModel),
            groups=tuple(group_scores(images, predictions, num_resamples=num_resamples)),
        )


def face_free(model: OurModel, source: Path) -> FaceFree:
    """Count the frames of a video or of a folder of photographs in which a face is seen."""
    frames: set[int] = set()
    seen: set[int] = set()
    scored: set[int] = set()
    for row in model.run(source):
        frames.add(row.frame_index)
        if row.face is not None:
            seen.add(row.frame_index)
        if row.status is Status.OK:
            scored.add(row.frame_index)
    return FaceFree(
        system=model.name,
        source=source.name,
        num_frames=len(frames),
        num_with_face=len(seen),
        num_scored=len(scored),
    )


def subsample(images: ImageSet, every: int) -> ImageSet:
    """Return every n-th photograph of a set."""
    return ImageSet(name=images.name, images=images.images[::every])


if __name__ == "__main__":
    sys.exit(main())
