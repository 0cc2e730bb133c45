"""Tables that look like those of CREMA-D, made up: no row is of the data set."""

import random
from collections.abc import Sequence
from pathlib import Path

LETTERS = "ADFHNS"
CODES = {"N": "NEU", "A": "ANG", "D": "DIS", "F": "FEA", "H": "HAP", "S": "SAD"}
VOTES_HEADER = [
    "",
    *LETTERS,
    "fileName",
    "numResponses",
    "agreement",
    "emoVote",
    "meanEmoResp",
]
SUMMARY_HEADER = [
    *("", "FileName", "VoiceVote", "VoiceLevel", "FaceVote", "FaceLevel"),
    "MultiModalVote",
]
PEOPLE_HEADER = ["ActorID", "Age", "Sex", "Race", "Ethnicity"]


def winner(votes: dict[str, int]) -> str:
    most = max(votes.values(), default=0)
    return ":".join(letter for letter in LETTERS if votes.get(letter, 0) == most > 0)


def votes_row(
    number: str, name: str, votes: dict[str, int], **other: object
) -> list[object]:
    total = sum(votes.values())
    row = {
        "": number,
        **{letter: votes.get(letter, 0) for letter in LETTERS},
        "fileName": name,
        "numResponses": total,
        "agreement": max(votes.values(), default=0) / max(1, total),
        "emoVote": winner(votes),
        "meanEmoResp": 50,
        **other,
    }
    return [row[column] for column in VOTES_HEADER]


def write_table(
    path: Path, header: Sequence[object], rows: Sequence[Sequence[object]]
) -> Path:
    """Write a table as R does: text in quotes, numbers without."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def spell(cell: object) -> str:
        return f'"{cell}"' if isinstance(cell, str) else str(cell)

    lines = [",".join(map(spell, row)) for row in [header, *rows]]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_people(root: Path, num_actors: int) -> Path:
    races = ("Caucasian", "African American", "Asian", "Unknown")
    rows = [
        [
            str(1001 + i),
            20 + 3 * i % 50,
            ("Male", "Female")[i % 2],
            races[min(i // 2 % 5, 3)],
            ("Not Hispanic", "Hispanic")[i % 7 == 0],
        ]
        for i in range(num_actors)
    ]
    return write_table(root / "VideoDemographics.csv", PEOPLE_HEADER, rows)


def write_crema_d(
    root: Path, clips: Sequence[tuple[int, str]] | int = 12, seed: int = 0
) -> Path:
    """Write all tables; return that of the votes.

    Args:
        root: Folder of the data set.
        clips: Number of the actor (from 0) and letter of the emotion of each clip, or a
            number of actors with one clip per emotion.
        seed: Seed of the votes.
    """
    rng = random.Random(seed)
    if isinstance(clips, int):
        clips = [(actor, letter) for actor in range(clips) for letter in LETTERS]
    write_people(root, max(actor for actor, _ in clips) + 1)
    face, other, summary = [], [], []
    used: dict[tuple[int, str], int] = {}
    for number, (actor, letter) in enumerate(clips, start=1):
        take = used[actor, letter] = used.get((actor, letter), -1) + 1
        sentence = ("IEO", "TIE", "DFA", "IOM", "TSI", "WSI")[take]
        name = f"{1001 + actor}_{sentence}_{CODES[letter]}_XX"
        votes = {letter: 6, rng.choice(LETTERS.replace(letter, "")): rng.randint(1, 4)}
        face.append(votes_row(f"2{number:05d}", name, votes))
        other.append(votes_row(f"1{number:05d}", name, {"N": 9}))
        summary.append([str(number), name, "N", "50", winner(votes), "50", "N"])
    write_table(
        root / "processedResults" / "summaryTable.csv",
        SUMMARY_HEADER,
        summary,
    )
    return write_table(
        root / "processedResults" / "tabulatedVotes.csv", VOTES_HEADER, [*other, *face]
    )
