"""One process of the harness: reads `[target, number]` lines, answers with outcomes.

After 60 s of CPU time in one case the kernel ends the process, whatever library it is in;
memory that it may ask for is limited, so that no case can fill the machine.
"""

import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from random import Random
from typing import Any

from pool import MAX_CPU_S
from target import Target
from targets import TARGETS

from wildaffect.core.errors import WildAffectError

HEADROOM_BYTES = 3 << 30
"""Address space beyond that of the libraries; mapped is not used, which is measured."""


def run_case(target: Target, seed: int, number: int, folder: Path) -> dict[str, Any]:
    """Spoil a file of the target and read it; return the kind of its end and the message.

    Anything random follows from target, seed and number.
    """
    random = Random(f"{target.name}/{seed}/{number}")
    path = target.spoil(folder, random)
    try:
        target.read(path)
    except WildAffectError as error:
        message = str(error)
        one_line = "\n" not in message.strip() or target.may_say_more
        return {"kind": "refused" if one_line else "lines", "message": message[:300]}
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        trace = traceback.extract_tb(error.__traceback__)
        places = [f"{Path(item.filename).name}:{item.lineno}" for item in trace[-4:]]
        message = f"{type(error).__name__}: {str(error)[:200]} ({' > '.join(places)})"
        return {"kind": "traceback", "message": message}
    return {"kind": "read"}


def main() -> None:
    """Answer until the input ends."""
    seed = int(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print is not an answer
    os.dup2(1, 2)
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        name, number = json.loads(line)
        target = TARGETS[name]
        target.prepare()
        _limit_memory()
        signal.setitimer(signal.ITIMER_PROF, MAX_CPU_S)
        started_s = time.process_time()
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
        try:
            with tempfile.TemporaryDirectory() as folder:
                outcome = run_case(target, seed, number, Path(folder))
        except Exception as error:  # of the harness itself
            outcome = {"kind": "traceback", "message": f"harness: {error!r}"[:300]}
        outcome |= {
            "peak_mb": _status_kb("VmHWM") / 1000,
            "cpu_s": time.process_time() - started_s,
        }
        signal.setitimer(signal.ITIMER_PROF, 0)
        answers.write(json.dumps(outcome) + "\n")
        answers.flush()


def _limit_memory() -> None:
    most = _status_kb("VmSize") * 1024 + HEADROOM_BYTES
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or most <= hard:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _status_kb(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    raise KeyError(field)


if __name__ == "__main__":
    main()
