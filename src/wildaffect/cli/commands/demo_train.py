"""Train, score, export and use a first model on a small world that ships with the package.

Every step is a command of its own, printed before it runs; repeat it with your own data.
Needs the extra `train`, no network and no GPU; about a minute on two cores.

Example: wildaffect demo-train -o demo-training
"""

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from wildaffect.cli.extras import require_train

STEPS = {
    "train the recipe modern, and score it on people it never saw": (
        "train modern --data {o}/world -o {o}/run"
    ),
    "write its predictions for those people": (
        "predict {o}/run --data {o}/world --split val -o {o}/predictions"
    ),
    "score the predictions by the protocol of the challenges": (
        "evaluate {o}/predictions --annotations {o}/world --split val "
        "--layout affwild2-mtl --report {o}/report.html"
    ),
    "turn the run into an artifact that runs without torch": (
        "export {o}/run -o {o}/artifact"
    ),
    "analyze a video with it": (
        "analyze {o}/people.mp4 --model {o}/artifact -o {o}/results"
    ),
}
"""What each step does, and its command; `{o}` is the output folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `demo-train`."""

    output: Path = Path("demo-training")
    """Folder for the world, the run, its report, the artifact and a result."""


def run(command: Command) -> int:
    """Write the world, run each step, and print where the results are."""
    require_train("demo-train")
    from wildaffect.cli.main import main
    from wildaffect.core.errors import OutputError
    from wildaffect.core.files import make_folder
    from wildaffect.demo.compare import CLIP
    from wildaffect.demo.world import write_demo_world

    folder = command.output
    make_folder(folder)
    if (folder / "artifact").exists():
        raise OutputError(
            f"{folder}: the demo was run here before; choose another folder, or delete it"
        )
    clip = folder / "people.mp4"
    if clip.exists() and clip.read_bytes() != CLIP.read_bytes():
        raise OutputError(f"{clip}: this is another file; choose another folder")
    write_demo_world(folder / "world")
    shutil.copyfile(CLIP, clip)
    place = shlex.quote(str(folder))
    for number, (about, step) in enumerate(STEPS.items(), start=1):
        line = step.format(o=place)
        print(f"\n{number}/{len(STEPS)} {about}:\n$ wildaffect {line}", flush=True)
        status = main(shlex.split(line))
        if status:
            return status
    print(
        f"\nOpen {folder / 'report.html'} for the scores. Use the model:\n"
        f"  wildaffect analyze VIDEO --model {folder / 'artifact'}\n"
        "It has seen 20 generated people: the steps are real, the model is a first one.\n"
        "Your own data: docs/data.md; larger recipes and worlds: docs/training.md"
    )
    return 0
