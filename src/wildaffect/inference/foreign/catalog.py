"""Descriptions that ship with the package, of networks that are often used."""

from difflib import get_close_matches
from pathlib import Path

from wildaffect.core.errors import UsageError
from wildaffect.inference.foreign.description import Description, read_description

FOLDER = Path(__file__).parent / "descriptions"
SUFFIX = ".toml"


def described_names() -> tuple[str, ...]:
    """Return the names of the descriptions that ship with the package."""
    return tuple(sorted(path.stem for path in FOLDER.glob(f"*{SUFFIX}")))


def find_description(file: Path, wanted: str | Path | None) -> Description:
    """Return the description of a weight file.

    Args:
        file: Weight file, by whose name a description that ships is found.
        wanted: Description file, or name of one that ships; None for the file beside the
            weights that is called as they are, or one that ships.

    Raises:
        UsageError: If there is none.
        BadWeights: If it is wrong.
    """
    names = described_names()
    if wanted is None:
        beside = file.with_suffix(SUFFIX)
        if beside.is_file():
            return read_description(beside)
        known = [description for name in names
                 if file.name in (description := _shipped(name)).files]  # fmt: skip
        if known:
            return known[0]
        raise UsageError(
            f"{file}: no description of a file of this name; write {beside.name} beside it "
            f'(docs/models.md), or pass `description="NAME"` with one of '
            f"{', '.join(names)}"
        )
    if str(wanted) in names:
        return _shipped(str(wanted))
    path = Path(wanted)
    if path.suffix != SUFFIX and not path.exists():
        near = get_close_matches(str(wanted), names) or names
        raise UsageError(
            f"description: must be a {SUFFIX} file or one that ships, got {wanted}; did "
            f"you mean {', '.join(near)}?"
        )
    return read_description(path)


def _shipped(name: str) -> Description:
    return read_description(FOLDER / f"{name}{SUFFIX}")
