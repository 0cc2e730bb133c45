"""Check the installation: runtime, devices, codecs, models and speed, with fixes.

Example: wildaffect doctor --threads 2
"""

import json
from dataclasses import asdict, dataclass

from wildaffect.core.threads import AnalysisThreads


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `doctor`."""

    device: str = "cpu"
    """Device to check."""
    threads: AnalysisThreads = 1
    """Threads per network call. auto: all CPUs that this process may use."""
    json: bool = False
    """Print the checks as JSON on standard output."""


def run(command: Command) -> int:
    """Print one line per check; return 1 if any check failed."""
    from wildaffect.core.console import Console
    from wildaffect.runtime.network import Device
    from wildaffect.workflows.doctor import examine

    console = Console(highlight=False, soft_wrap=True)
    checks = []
    for check in examine(Device(name=command.device, threads=command.threads)):
        checks.append(check)
        if command.json:
            continue
        mark = "[green]ok  [/]" if check.is_well else "[red]BAD [/]"
        console.print(mark, end="")
        console.print(f"{check.name}: {check.found}", markup=False)
        if check.fix:
            console.print(f"    fix: {check.fix}", markup=False)
    if command.json:
        print(json.dumps([asdict(check) for check in checks], indent=1))
    num_bad = sum(not check.is_well for check in checks)
    if not command.json:
        print(
            f"{num_bad} of {len(checks)} checks failed" if num_bad else "all checks passed"
        )
    return 1 if num_bad else 0
