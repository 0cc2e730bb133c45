"""Events as TextGrid of Praat: interval tiers that cover the whole recording."""

from wildaffect.interchange.export import ConvertOptions, Export, ExportFile
from wildaffect.interchange.stored import StoredResult
from wildaffect.interchange.tiers import Tier, end_s, tiers_of

_NOTES = (
    (
        "An interval tier per person and kind of event, per label where events may "
        "overlap; intervals between events are empty."
    ),
)


def write_textgrid(result: StoredResult, options: ConvertOptions) -> Export:  # noqa: ARG001
    """Return the events as a TextGrid in Praat's long text format."""
    end, tiers = end_s(result), tiers_of(result.events())
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {_number(end)}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    for number, tier in enumerate(tiers, 1):
        lines += _tier_lines(number, tier, end)
    text = "".join(f"{line}\n" for line in lines)
    file = ExportFile(name=f"{result.path.stem}.TextGrid", content=text.encode())
    return Export(files=(file,), notes=_NOTES)


def intervals_of(tier: Tier, end: float) -> list[tuple[float, float, str]]:
    """Return start, stop and text of intervals that cover [0, end) without a gap."""
    covered: list[tuple[float, float, str]] = []
    place = 0.0
    for event in tier.events:
        start, stop = max(event.onset_s, place), min(event.offset_s, end)
        if stop <= start:
            continue
        if start > place:
            covered.append((place, start, ""))
        covered.append((start, stop, event.label))
        place = stop
    if place < end:
        covered.append((place, end, ""))
    return covered


def _tier_lines(number: int, tier: Tier, end: float) -> list[str]:
    intervals = intervals_of(tier, end)
    lines = [
        f"    item [{number}]:",
        '        class = "IntervalTier"',
        f"        name = {_quoted(tier.name)}",
        "        xmin = 0",
        f"        xmax = {_number(end)}",
        f"        intervals: size = {len(intervals)}",
    ]
    for place, (start, stop, text) in enumerate(intervals, 1):
        lines += [
            f"        intervals [{place}]:",
            f"            xmin = {_number(start)}",
            f"            xmax = {_number(stop)}",
            f"            text = {_quoted(text)}",
        ]
    return lines


def _number(time_s: float) -> str:
    return f"{time_s:.6f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
