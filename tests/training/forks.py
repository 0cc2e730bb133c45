"""Starts training processes as forks of one that has imported everything already.

python forks.py WORKER

Each line of standard input is a JSON list of processes to run at once, with the words of
the command line, the environment and the file for the output of each. The answer to it is
a line with their exit statuses, negative for signals. Nothing has been computed before a
fork, so that each process starts as a new interpreter would, but for the imports.
"""

import importlib
import importlib.util
import json
import os
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType

LIMIT_S = 240.0
LATE = ("lightning_fabric", "torch.distributed.fsdp", "torch.onnx")
"""What training imports when it first needs it."""


def load(path: Path) -> ModuleType:
    """Import a worker."""
    spec = importlib.util.spec_from_file_location("worker", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fork(worker: ModuleType, process: dict) -> int:
    """Run a worker's `main` in a fork and return the id of the process."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        output = os.open(process["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ.update(process["environment"])
        sys.argv = process["words"]
        worker.main()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def wait(pids: list[int]) -> list[int]:
    """Return the exit statuses of processes; what takes too long is killed."""
    statuses: dict[int, int] = {}
    end = time.monotonic() + LIMIT_S
    while len(statuses) < len(pids):
        for pid in pids:
            if pid in statuses:
                continue
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                statuses[pid] = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                os.kill(pid, 9)
        time.sleep(0.01)
    return [statuses[pid] for pid in pids]


def main() -> None:
    """Serve until the end of standard input."""
    for name in LATE:
        importlib.import_module(name)
    worker = load(Path(sys.argv[1]))
    for line in sys.stdin:
        pids = [fork(worker, process) for process in json.loads(line)]
        print(json.dumps(wait(pids)), flush=True)


if __name__ == "__main__":
    main()
