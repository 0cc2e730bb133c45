"""Detection of the known layouts below a folder, with their annotations by split."""

from dataclasses import dataclass
from pathlib import Path

from wildaffect.core.errors import MissingData
from wildaffect.core.registry import Registry
from wildaffect.formats import (
    affectnet,
    affwild2_au,
    affwild2_expr,
    affwild2_mtl,
    affwild2_va,
    bah,
    bp4d,
    crema_d,
    disfa,
    emi,
    emotionet,
    ferplus,
    manifest,
    rafdb,
    ravdess,
)
from wildaffect.formats.problems import Format, Reading

_SHIPPED = {
    known.name: known
    for known in (
        affwild2_mtl.FORMAT,
        affwild2_va.FORMAT,
        affwild2_expr.FORMAT,
        affwild2_au.FORMAT,
        affectnet.CSV_FORMAT,
        affectnet.ARRAY_FORMAT,
        rafdb.FORMAT,
        ferplus.FORMAT,
        emotionet.FORMAT,
        disfa.FORMAT,
        bp4d.FORMAT,
        crema_d.FORMAT,
        ravdess.FORMAT,
        bah.VIDEO_FORMAT,
        bah.FRAME_FORMAT,
        emi.FORMAT,
        manifest.FORMAT,
    )
}
FORMATS: Registry[Format] = Registry("format", "wildaffect.formats", _SHIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A layout found below a folder."""

    format: Format
    splits: dict[str, Path]
    """Split -> file or folder with its annotations, at least one."""


def detect(root: Path, name: str | None = None) -> tuple[Found, ...]:
    """Return every layout found below `root`.

    Args:
        root: Folder, or a single annotation file.
        name: Only layout to look for.

    Raises:
        UsageError: If there is no layout of that name.
        MissingData: If `root` does not exist, or no layout is found; the message lists the
            files of each layout.
    """
    wanted = [FORMATS.find(name)] if name else list(FORMATS.available().values())
    if not root.exists():
        raise MissingData(f"no such file or folder: {root}")
    found = [
        Found(format=known, splits=splits)
        for known in wanted
        if (splits := known.find(root))
    ]
    if not found:
        layouts = "\n".join(f"  {known.name}: {known.layout}" for known in wanted)
        raise MissingData(
            f"{root}: a known layout must lie in it, got none; put one of these there "
            f"(docs/data.md):\n{layouts}"
        )
    return tuple(found)


def read_splits(found: Found) -> dict[str, Reading]:
    """Return the content of every split; raises the errors of the format's reader."""
    return {split: found.format.read(path, split) for split, path in found.splits.items()}
