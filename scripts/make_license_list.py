"""Write docs/licenses.md from the software bill of materials of an installation.

    cyclonedx-py environment ENV/bin/python --pyproject pyproject.toml -o sbom.json
    python scripts/make_license_list.py sbom.json
    python scripts/make_license_list.py sbom.json --check

The list has names and licenses and no versions, so that it changes only when a library is
added, removed or licensed anew; versions are in the bill of materials of each release. With
`--check` nothing is written, and a difference is an error.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "licenses.md"
OF_THE_ENVIRONMENT = {"pip", "setuptools", "wildaffect"}
"""What every virtual environment has, and the package itself."""
BUNDLED = {
    "av": "FFmpeg with libx264 and libx265 (GPL), see [decisions](decisions.md)",
    "numpy": "OpenBLAS (BSD), libgfortran (GPL with runtime exception)",
    "opencv-python-headless": "FFmpeg (LGPL-2.1-or-later), OpenBLAS (BSD)",
    "openvino": "oneTBB, oneDNN (Apache-2.0)",
    "pi-heif": "libheif, libde265 (LGPL-3.0)",
    "pillow": "libjpeg-turbo, libtiff, libwebp and others, all permissive",
    "pyarrow": "Arrow C++ and its dependencies, listed in its LICENSE",
}
"""Libraries inside wheels, which their metadata do not name."""
SHORT = {"License :: OSI Approved :: Apache Software License": "Apache-2.0"}
INTRODUCTION = """\
# Licenses of installed packages

<!-- Written by scripts/make_license_list.py from a bill of materials; CI compares. -->

Packages that `pip install wildaffect` installs beside it, on Linux x86-64, with the
licenses that their metadata state. Files that are part of wildaffect itself are in
`THIRD_PARTY_NOTICES.md`; `wildaffect models show NAME` prints the provenance of networks.
Each release has a bill of materials with all versions (`sbom.json`, CycloneDX). Extras
install more.

"""


def main() -> None:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sbom", type=Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    page = license_page(json.loads(arguments.sbom.read_text(encoding="utf-8")))
    if not arguments.check:
        PAGE.write_text(page, encoding="utf-8")
        print(f"wrote {PAGE.name}")
    elif PAGE.read_text(encoding="utf-8") != page:
        raise SystemExit(
            f"{PAGE.name}: must list the installed packages and their licenses, "
            f"got another list; run {Path(__file__).name} again. Installed:\n{page}"
        )


def license_page(sbom: dict[str, Any]) -> str:
    """Return the page for a bill of materials."""
    rows = sorted(
        (normalized(part["name"]), ", ".join(map(license_of, part.get("licenses", ()))))
        for part in sbom["components"]
    )
    lines = ["| package | license | libraries inside |", "|---|---|---|"]
    lines += [
        f"| {name} | {terms or 'not stated'} | {BUNDLED.get(name, '')} |"
        for name, terms in rows
        if name not in OF_THE_ENVIRONMENT
    ]
    return INTRODUCTION + "\n".join(lines) + "\n"


def normalized(name: str) -> str:
    """Return the name of a package as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def license_of(entry: dict[str, Any]) -> str:
    """Return the license that an entry of the bill of materials states."""
    stated = (
        entry.get("expression") or entry["license"].get("id") or entry["license"]["name"]
    )
    return SHORT.get(stated, stated)


if __name__ == "__main__":
    main()
