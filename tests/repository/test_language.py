"""Words that the code and its documentation must not use; docs/glossary.md has better ones.

The list holds dropped identifiers and phrases. A word enters it once the last use is gone.
"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXCLUDED = (
    "LICENSE",
    "THIRD_PARTY_NOTICES.md",
    "tests/repository/test_language.py",
    "tests/golden/metrics/by_hand.json",
)
"""Texts of others, files with a recorded hash, and this list."""
BANNED = {
    "HiddenTeller, LabelTeller": (r"\w*Tellers?\b|\btellers?\b", "feedback layer"),
    "Judge": (r"\bJudged?\b|\bjudge_copy\b|\bFEWEST_JUDGES\b", "evaluate, eval_model"),
    "Course": (r"\bCourse\b|training\.course\b", "Trainer"),
    "Fit": (r"\bImageFit\b|\bclass Fit\b", "Trainer, TemporalObjective"),
    "take_up": (r"\btake_up\b", "load_state_dict"),
    "descend": (r"\bdescend\(", "optimizer_step"),
    "RunningMean": (r"\bRunningMean\b|\bWARM_MEAN\b", "EMA"),
    "Portions": (r"\bPortions\b|\bcheck_portions\b", "GradientAccumulator"),
    "inner split": (
        r"\bInnerSplit\b|\bpeople_aside\b|\binner_(videos|people)\b|inner[ -]split",
        "dev split, hold_out_subjects",
    ),
    "outcome": (r"training\.outcome\b", "calibrate_and_score"),
    "Watching": (r"\bWatch(ing)?\b|\bwatching\b|\bwatch: ", "callbacks, on_frame"),
    "tell_nobody": (r"\b_?tell_nobody\b|\b_nobody\b|\bTELL_NOBODY\b", "no_progress"),
    "Machine": (r"\b(Image)?Machine\b", "TrainerConfig"),
    "weighing": (r"\b\w*Weighing\b|\b\w*weighing\b", "task weighting"),
    "keep_backbone": (
        r"\bkeep_backbone\b|\bCarriedBackbone\b|\bcarry_backbones\b",
        "save_backbone, BundledBackbone",
    ),
    "Mixture": (r"\bMixture\b|\bchoose_mixture\b|inference\.mixing\b", "EnsembleWeights"),
    "trailing window": (
        r"\bTrailingSpec\b|\bLedInSpec\b|\bled_in\b|\btrailing window",
        "CausalWindow, LeftPaddedWindow",
    ),
    "stretch": (r"--stretch\b|\bmax_stretch\b", "epoch_scale, max_aspect_ratio"),
    "Crowd": (r"\b[cC]rowd\b|\brefuse_shared\b", "SubjectSet, check_disjoint"),
    "Twins": (r"\b[tT]wins\b", "near duplicates"),
    "Panel": (r"\bPanel\b", "WindowGroup"),
    "verdict": (r"\bverdict\b", "postprocess"),
    "TakenRows": (r"\bTakenRows\b", "AlignedTask, AlignedPredictions"),
    "Footage": (r"\bFootage\b", "ExtractSource"),
    "FaceLedger": (r"\bFaceLedger\b", "TrackBuffer"),
    "num_judged": (r"\bnum_judged\b", "num_scored"),
    "becomes of": (r"\bbecomes? of\b", "the plain statement"),
    "at hand": (r"\bat hand\b", "available"),
    "as brought": (r"\bas brought\b", "unchanged"),
    "reckon": (r"\breckon(s|ed|ing)?\b", "compute"),
    "mend": (r"\bmend(s|ed|ing)?\b", "fix"),
    "by heart": (r"\bby heart\b", "overfit"),
    "too kind": (r"\btoo kind\b", "optimistically biased"),
    "strangers": (r"\bstrangers\b", "disjoint subjects"),
    "telling lies": (r"\btelling lies\b", "detecting deception"),
    "begin anew": (r"\bbegin anew\b", "start over"),
    "Asked": (r"\bAsked\b|\basked_of_\w+", "FrameRequest"),
    "--terms": (r"--terms\b|\bUNKNOWN_TERMS\b", "--license, --data-license"),
    "evaluation.locate": (r"evaluation\.(locate|sides)\b", "matching, alignment"),
    "value_side": (r"\b(value|expression|unit)_side\b", "align_values and so on"),
    "lead_interval": (r"\blead_interval\b|\bleads \[|\blead \[95", "paired difference"),
    "thinned": (r"\bthinn(ed|ing)\b", "subsampled"),
    "judges": (r"\bjudges?\b", "validation subjects, evaluate"),
    "for one in rows": (r"\bfor one in [a-z_(]", "a variable named after the thing"),
    "said, asked": (r"\b(said|asked|is told|are told)\b", "predicted, reported, requested"),
    "goes on where": (r"\bgoes on where\b", "resumes, resumable"),
    "crosswise": (r"\bcrosswise\b", "by cross-fitting"),
    "artefact": (r"\b\w*artefacts?\b(?!\\*\.json)", "artifact"),
    "normalise": (
        r"(?i)\b(normal|initial|summar|optim|recogn|minim)is(e|ed|es|ing|ation)\b",
        "American spelling",
    ),
    "colour": (
        r"(?i)colour|behaviour|licence|neighbour|favour|catalogue|labelled|learnt",
        "American spelling",
    ),
}
"""Name -> pattern and what to write instead."""


def tracked_texts() -> dict[str, str]:
    """Return every text file under version control, by path from the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    texts = {}
    for name in listed.stdout.decode().split("\0"):
        if not name or name in EXCLUDED or not (ROOT / name).is_file():
            continue
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            texts[name] = text
    return texts


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Texts under version control; not available in an unpacked source distribution."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    return tracked_texts()


@pytest.mark.parametrize("name", BANNED)
def test_no_text_uses_a_dropped_word(name: str, texts: dict[str, str]) -> None:
    pattern, better = BANNED[name]
    found = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path, text in texts.items()
        if re.search(pattern, text)
        for number, line in enumerate(text.splitlines(), start=1)
        if re.search(pattern, line)
    ]
    assert found == [], f"write {better} instead"


def test_the_list_finds_what_it_bans() -> None:
    for name, (pattern, _) in BANNED.items():
        example = name.split(", ")[0]
        known = {"outcome": "training.outcome", "stretch": "--stretch", "Fit": "ImageFit"}
        known["descend"] = "descend("
        assert re.search(pattern, known.get(example, example)), name
