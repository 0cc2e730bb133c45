"""Differences that the tables of results could have detected, from their own intervals.

    python benchmarks/power.py

Reads the tables of docs/results*.md. Of each difference of sums whose 95 % interval
contains 0, the half width gives the standard error; a true difference of 2.8 standard
errors is found (its interval leaves out 0) in 80 % of such experiments.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from statistics import NormalDist

PAGES = ("results.md", "results-system.md")
POWER, LEVEL = 0.8, 0.95
SMALL = 0.03
"""A difference that would matter: what separate encoders read above the shared one."""
_INTERVAL = re.compile(r"([+-]\d\.\d+) \[([+-]\d\.\d+), ([+-]\d\.\d+)\]")
_HALF = NormalDist().inv_cdf((1 + LEVEL) / 2)
_REACH = _HALF + NormalDist().inv_cdf(POWER)


def main() -> None:
    """Print a row for each difference that is level."""
    docs = Path(__file__).parent.parent / "docs"
    print("| page | difference | found [95 %] | detectable | times the data for 0.03 |")
    print("|---|---|---|---|---|")
    for page in PAGES:
        for name, text, low, high in differences((docs / page).read_text()):
            if not low <= 0 <= high:
                continue
            detectable = _REACH * (high - low) / (2 * _HALF)
            more = (detectable / SMALL) ** 2
            print(f"| {page} | {name} | {text} | {detectable:.3f} | {more:.0f} |")


def differences(page: str) -> Iterator[tuple[str, str, float, float]]:
    """Yield the name of each row with the interval of its sum, and both ends, once."""
    seen = set()
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        found = [_INTERVAL.fullmatch(cell) for cell in cells]
        places = [at for at, match in enumerate(found) if match]
        match = found[places[-1]] if places else None
        if match is None or line in seen:
            continue
        seen.add(line)
        after = cells[places[-1] + 1 :]
        is_named = len(after) == 3  # of what it differs, parameters and seconds
        name = f"{cells[0]}, {cells[1]} over {after[0]}" if is_named else cells[0]
        yield name, match.group(0), float(match.group(2)), float(match.group(3))


if __name__ == "__main__":
    main()
