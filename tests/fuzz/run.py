"""Spoil files and read them, for as long as one likes; see docs/reliability.md.

python tests/fuzz/run.py --media 5000 --files 10000      the long run
python tests/fuzz/run.py --only "artifact zip" --case 17 one case, with its traceback
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

from media_targets import MEDIA_TARGETS
from pool import MAX_CPU_S, MAX_PEAK_MB, Outcome, run_cases, summarize
from target import Target
from targets import TARGETS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the selected cases; print a summary and every failure; 1 if there is one."""
    given = _parse(arguments)
    if given.case is not None:
        return _run_one(TARGETS[given.only], given.seed, given.case, given.keep)
    cases = _cases(given)
    outcomes = []
    for outcome in run_cases(
        cases, seed=given.seed, workers=given.workers, stop_s=given.stop_s
    ):
        outcomes.append(outcome)
        if outcome.is_failure:
            _tell(outcome)
        if len(outcomes) % 1000 == 0:
            print(f"{len(outcomes)} of {len(cases)} cases", file=sys.stderr)
    failures = [outcome for outcome in outcomes if outcome.is_failure]
    document = {
        "seed": given.seed,
        "cases": len(outcomes),
        "failures": len(failures),
        "limits": {"cpu_s": MAX_CPU_S, "peak_mb": MAX_PEAK_MB},
        "targets": summarize(outcomes),
    }
    print(json.dumps(document, indent=1))
    return 1 if failures else 0


def _cases(given: argparse.Namespace) -> list[tuple[str, int]]:
    if given.only:
        return [(given.only, number) for number in range(given.files)]
    media = {target.name for target in MEDIA_TARGETS}
    others = [target for target in TARGETS.values() if target.name not in media]
    cases = [*_shared(MEDIA_TARGETS, given.media), *_shared(others, given.files)]
    Random(given.seed).shuffle(cases)  # a run that is stopped early has tried all targets
    return cases


def _shared(targets: Iterable[Target], num_cases: int) -> list[tuple[str, int]]:
    """Divide cases among targets by their weights."""
    targets = list(targets)
    total = sum(target.weight for target in targets)
    return [
        (target.name, number)
        for target in targets
        for number in range(-(-num_cases * target.weight // total))
    ]


def _run_one(target: Target, seed: int, number: int, keep: Path | None) -> int:
    folder = keep or Path(tempfile.mkdtemp())
    target.prepare()
    path = target.spoil(folder, Random(f"{target.name}/{seed}/{number}"))
    print(f"reading {path}", file=sys.stderr)
    target.read(path)
    return 0


def _tell(outcome: Outcome) -> None:
    print(
        f"{outcome.kind}: --only {outcome.target!r} --case {outcome.number}: "
        f"{outcome.message} (peak {outcome.peak_mb:.0f} MB)",
        file=sys.stderr,
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=int, default=300, help="spoiled videos, pictures")
    parser.add_argument("--files", type=int, default=600, help="spoiled files of others")
    parser.add_argument("--only", choices=sorted(TARGETS), help="this target alone")
    parser.add_argument("--case", type=int, help="number of the one case to run here")
    parser.add_argument("--keep", type=Path, help="folder for the files of that case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--stop-s", type=float, help="start no case after so many seconds")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
