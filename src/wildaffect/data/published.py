"""Published counts of the official splits, to compare local files with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Published counts of a complete split; None or empty where not published."""

    num_rows: int | None = None
    num_videos: int | None = None
    num_repeats: int | None = None
    valence_arousal: int | None = None
    """Rows with valence and arousal."""
    expression: int | None = None
    action_units: int | None = None
    expressions: tuple[int, ...] = ()
    """Rows of each class, in the order of the label space."""
    positives: tuple[int, ...] = ()
    """Rows in which each action unit is active, in the order of the label space."""
    source: str


_MTL = (
    "outputs of the public notebooks mtl_pytorch_fixed.ipynb "
    "(bakinalexey/abaw-11-mtl-bah-recognition) and abaw4_mtl_train.ipynb "
    "(sb-ai-lab/EmotiEffLib)"
)
_TRACKS = (
    "output of the public notebook abaw5_expr_va_au_train.ipynb (sb-ai-lab/EmotiEffLib), "
    "which counts labeled frames that have an aligned image"
)
_CREMA_D = (
    "tabulatedVotes.csv of CheyneyComputerScience/CREMA-D, counted apart from this "
    "library; the class with most votes on the face, of clips without a tie"
)
_BAH = (
    "output of the public notebook bah.ipynb (bakinalexey/abaw-11-mtl-bah-recognition), of "
    "the release for ABAW11 (1,427 videos of 300 people)"
)
_EMI = (
    "output of the public notebooks help.ipynb and test.ipynb (huiqi2000/EMI): 8,072 clips "
    "to train on, and the first test clip has number 12,660"
)

PUBLISHED: dict[tuple[str, str], Published] = {
    ("affwild2-mtl", "train"): Published(
        num_rows=142_382,
        num_videos=257,
        num_repeats=951,
        valence_arousal=103_917,
        expression=90_645,
        action_units=103_316,
        expressions=(23_976, 4_555, 3_168, 3_122, 18_135, 7_609, 5_228, 24_852),
        positives=(
            18_713,
            8_745,
            20_342,
            30_605,
            41_337,
            38_286,
            26_783,
            2_460,
            2_980,
            5_003,
            70_584,
            10_756,
        ),
        source=_MTL,
    ),
    ("affwild2-mtl", "val"): Published(
        num_rows=26_876,
        num_videos=50,
        num_repeats=210,
        valence_arousal=26_876,
        expression=15_440,
        action_units=26_876,
        expressions=(1_886, 487, 565, 1_254, 3_751, 1_893, 1_003, 4_601),
        positives=(
            5_531,
            2_554,
            5_442,
            8_818,
            13_224,
            11_421,
            8_319,
            782,
            757,
            808,
            20_427,
            2_934,
        ),
        source=_MTL,
    ),
    ("crema-d", "train"): Published(
        num_rows=4_994,
        num_videos=4_994,
        expression=4_689,
        expressions=(1_399, 636, 707, 557, 867, 523),
        source=_CREMA_D,
    ),
    ("crema-d", "val"): Published(
        num_rows=1_224,
        num_videos=1_224,
        expression=1_140,
        expressions=(362, 159, 181, 115, 204, 119),
        source=_CREMA_D,
    ),
    ("crema-d", "test"): Published(
        num_rows=1_224,
        num_videos=1_224,
        expression=1_143,
        expressions=(315, 173, 169, 150, 195, 141),
        source=_CREMA_D,
    ),
    ("bah-videos", "train"): Published(num_rows=778, num_videos=778, source=_BAH),
    ("bah-videos", "val"): Published(num_rows=124, num_videos=124, source=_BAH),
    ("bah-videos", "test"): Published(num_rows=525, num_videos=525, source=_BAH),
    ("bah-frames", "train"): Published(num_rows=501_970, num_videos=778, source=_BAH),
    ("bah-frames", "val"): Published(num_rows=79_538, num_videos=124, source=_BAH),
    ("bah-frames", "test"): Published(num_rows=335_110, num_videos=525, source=_BAH),
    ("emi", "train"): Published(num_rows=8_072, num_videos=8_072, source=_EMI),
    ("emi", "val"): Published(num_rows=4_588, num_videos=4_588, source=_EMI),
    ("affwild2-expr", "train"): Published(expression=585_317, source=_TRACKS),
    ("affwild2-expr", "val"): Published(expression=280_532, source=_TRACKS),
    ("affwild2-va", "train"): Published(valence_arousal=1_653_757, source=_TRACKS),
    ("affwild2-va", "val"): Published(valence_arousal=376_323, source=_TRACKS),
    ("affwild2-au", "train"): Published(action_units=1_356_694, source=_TRACKS),
    ("affwild2-au", "val"): Published(action_units=445_836, source=_TRACKS),
}
"""(format, split) -> counts."""
