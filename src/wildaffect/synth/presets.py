"""Named presets of generated data sets."""

from dataclasses import dataclass, replace
from typing import Literal

from wildaffect.synth.statistics import StatisticsName

PresetName = Literal["tiny", "demo", "bench", "wild", "everyday", "scenes", "stills"]
Split = Literal["train", "val", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Numbers of people, videos and frames of a data set; use `replace` for others."""

    name: PresetName
    people: dict[Split, int]
    """Number of people in each split; no person is in two splits."""
    videos_per_person: int
    rows_per_video: int
    """Annotated frames, the median where lengths vary."""
    size_px: int
    """Side of the crops; of scenes, the height of the frame."""
    statistics: StatisticsName
    length_sigma: float = 0.0
    """Spread of the logarithm of the number of rows."""
    gap_factor: float = 1.0
    """Factor of the distance between annotated frames."""

    def with_people(self, num_people: int) -> "Preset":
        """Return the preset with so many people in its largest split, others in proportion.

        A split that has people keeps at least one. Of `scenes` it is the number of
        videos.
        """
        most = max(self.people.values())
        people = {
            split: max(round(num * num_people / most), int(num > 0))
            for split, num in self.people.items()
        }
        return replace(self, people=people)


PRESETS: dict[PresetName, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="tiny",
            people={"train": 4, "val": 1, "test": 1},
            videos_per_person=2,
            rows_per_video=40,
            size_px=64,
            statistics="balanced",
        ),
        Preset(
            name="demo",
            people={"train": 28, "val": 6, "test": 6},
            videos_per_person=2,
            rows_per_video=100,
            size_px=96,
            statistics="balanced",
        ),
        Preset(
            name="bench",
            people={"train": 220, "val": 40, "test": 40},
            videos_per_person=1,
            rows_per_video=100,
            size_px=112,
            statistics="balanced",
        ),
        Preset(
            name="wild",
            people={"train": 257, "val": 50, "test": 82},
            videos_per_person=1,
            rows_per_video=90,
            size_px=112,
            statistics="wild",
            length_sigma=0.5,
        ),
        Preset(
            name="everyday",
            people={"train": 1500, "val": 150, "test": 0},
            videos_per_person=1,
            rows_per_video=40,
            size_px=112,
            statistics="everyday",
            length_sigma=0.3,
        ),
        Preset(
            name="scenes",
            people={"train": 0, "val": 0, "test": 12},
            videos_per_person=1,
            rows_per_video=240,
            size_px=360,
            statistics="balanced",
        ),
        Preset(
            name="stills",
            people={"train": 1900, "val": 50, "test": 50},
            videos_per_person=1,
            rows_per_video=8,
            size_px=112,
            statistics="balanced",
            gap_factor=12.0,
        ),
    )
}
