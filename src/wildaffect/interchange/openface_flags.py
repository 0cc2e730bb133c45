"""The command line of OpenFace 2 (`FeatureExtraction`), with its single-dash flags."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from wildaffect.core.errors import UsageError
from wildaffect.interchange.openface_columns import GROUPS

_NO_EFFECT = {
    "-2Dfp": "the 68 landmarks are not measured",
    "-3Dfp": "the 68 landmarks are not measured",
    "-pdmparams": "shape parameters are not measured",
    "-tracked": "use `wildaffect analyze --overlay` for an overlay",
    "-simalign": "use `wildaffect crop` for aligned faces",
    "-hogalign": "HOG features are not computed",
    "-nobadaligned": "aligned faces are not written",
    "-au_static": "changes are relative to the person's calm frames",
    "-wild": "the settings are the same",
    "-q": "nothing is shown",
    "-quiet": "nothing is shown",
    "-verbose": "nothing is shown",
}
"""Flags without a value -> why they change nothing."""
_NO_EFFECT_WITH_VALUE = {
    "-oc": "no video is written",
    "-multi_view": "one network finds faces of all views",
    "-fx": "the camera is not used",
    "-fy": "the camera is not used",
    "-cx": "the camera is not used",
    "-cy": "the camera is not used",
}
_TAKEN_WITH_VALUE = ("-f", "-fdir", "-out_dir", "-of")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFaceCall:
    """What a command line of OpenFace calls for."""

    files: tuple[str, ...]
    """Videos, images and folders of images, in order."""
    folder: str
    """Folder for the files; `processed` by default, as in OpenFace."""
    name: str | None
    """Name of the CSV file; by default that of the input."""
    groups: tuple[str, ...]
    """Flags of the groups of columns; all if empty."""
    notes: tuple[str, ...]
    """Flags that have no effect, with the reason."""


def parse_openface(words: Sequence[str]) -> OpenFaceCall:
    """Return what the words after the command call for.

    Raises:
        UsageError: If a flag is unknown, lacks its value, or does not fit the others.
    """
    files: list[str] = []
    single: dict[str, str] = {}
    groups: list[str] = []
    notes: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in _TAKEN_WITH_VALUE or word in _NO_EFFECT_WITH_VALUE:
            value = next(rest, None)
            if value is None:
                raise UsageError(f"openface: {word} needs a value")
            if word in {"-f", "-fdir"}:
                files.append(value)
            elif word in _TAKEN_WITH_VALUE:
                single[word] = value
            else:
                notes.append(f"{word} has no effect: {_NO_EFFECT_WITH_VALUE[word]}")
        elif word in GROUPS or word in _NO_EFFECT:
            groups += [word] if word in GROUPS else []
            if word in _NO_EFFECT:
                notes.append(f"{word} has no effect: {_NO_EFFECT[word]}")
        else:
            raise UsageError(_unknown(word))
    if not files:
        raise UsageError("openface: no input given; name a file with -f or a folder -fdir")
    if "-of" in single and len(files) > 1:
        raise UsageError("openface: -of names the file of one input, got several inputs")
    return OpenFaceCall(
        files=tuple(files),
        folder=single.get("-out_dir", "processed"),
        name=single.get("-of"),
        groups=tuple(groups),
        notes=tuple(notes),
    )


def _unknown(word: str) -> str:
    if word == "-device":
        return "openface: cameras are read by `wildaffect analyze 0`, not by -device"
    known = [*_TAKEN_WITH_VALUE, *GROUPS, *_NO_EFFECT, *_NO_EFFECT_WITH_VALUE]
    near = get_close_matches(word, known, n=1)
    advice = f"did you mean {near[0]}?" if near else "see wildaffect openface --help"
    return f"openface: unknown flag {word}; {advice}"
