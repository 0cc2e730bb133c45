"""Tables of CREMA-D: votes of observers on each clip, and who was filmed.

Layout, as in the public repository CheyneyComputerScience/CREMA-D:
    VideoFlash/1001_DFA_ANG_XX.flv        actor, sentence, intended emotion, intended level
    processedResults/tabulatedVotes.csv   votes per clip for voice, face, and both
    processedResults/summaryTable.csv     most frequent votes; here for comparison alone
    VideoDemographics.csv                 age, sex, ancestry ("Race"), ethnicity of actors

The first digit of a row's number in tabulatedVotes.csv is what observers were given: 1 the
voice, 2 the face, 3 both. Rows of the face are read.

Source: README.md of that repository; Cao et al., IEEE Trans. Affective Computing 5(4), 2014
(doi 10.1109/TAFFC.2014.2336244).
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wildaffect.core.errors import BadAnnotation
from wildaffect.formats.acted import Actor, Sex
from wildaffect.formats.labels import CREMA_D_EXPRESSIONS
from wildaffect.formats.lines import read_text
from wildaffect.formats.problems import Kind, Problem

Level = Literal["low", "medium", "high", "unspecified"]

VOTES, SUMMARY, PEOPLE = "tabulatedVotes.csv", "summaryTable.csv", "VideoDemographics.csv"
LETTERS = "NADFHS"
"""Letters of the votes in the order of `CREMA_D_EXPRESSIONS`."""
_FACE = "2"
_CODES = dict(
    zip(("NEU", "ANG", "DIS", "FEA", "HAP", "SAD"), CREMA_D_EXPRESSIONS.labels, strict=True)
)
_LEVELS: dict[str, Level] = {
    "LO": "low",
    "MD": "medium",
    "HI": "high",
    "XX": "unspecified",
}
_NAME = re.compile(
    rf"(?P<actor>\d{{4}})_(?P<sentence>[A-Z]{{3}})_(?P<emotion>{'|'.join(_CODES)})"
    rf"_(?P<level>{'|'.join(_LEVELS)})"
)
_SEXES: dict[str, Sex] = {"Female": "female", "Male": "male"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Name of a clip, taken apart."""

    name: str
    actor: str
    sentence: str
    """Code of the sentence that is spoken, such as `IEO`."""
    intended: str
    """Label of `CREMA_D_EXPRESSIONS` that the actor was to show."""
    level: Level
    """Intensity that the actor was to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceVotes:
    """Votes on the face of one clip, without its voice."""

    clip: Clip
    votes: tuple[int, ...]
    """Number of observers per label of `CREMA_D_EXPRESSIONS`."""
    line: int

    @property
    def winners(self) -> tuple[int, ...]:
        """Return the labels with the most votes: several in a tie, none without votes."""
        most = max(self.votes)
        return tuple(k for k, count in enumerate(self.votes) if count == most > 0)


def parse_clip(name: str) -> Clip | None:
    """Return the parts of a clip's name without suffix; None if it has others."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    return Clip(
        name=name,
        actor=match["actor"],
        sentence=match["sentence"],
        intended=_CODES[match["emotion"]],
        level=_LEVELS[match["level"]],
    )


def read_face_votes(path: Path) -> tuple[list[FaceVotes], list[Problem]]:
    """Read the votes on faces; lines about the voice are skipped.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If a column is missing.
    """
    found, problems = [], []
    for line, row in _rows(path, ("", *LETTERS, "fileName", "numResponses", "emoVote")):
        number, name = row[""], row["fileName"]
        if re.fullmatch(r"[123]\d{5}", number) is None:
            text = f"the number must be 1, 2 or 3 and five digits, got {number[:20]!r}"
            problems.append(Problem(str(path), line, Kind.UNREADABLE_ROW, text))
            continue
        if not number.startswith(_FACE):
            continue
        clip = parse_clip(name)
        if clip is None:
            text = (
                "a clip must be named as 1001_DFA_ANG_XX (actor, sentence, emotion, "
                f"level), got {name[:40]!r}"
            )
            problems.append(Problem(str(path), line, Kind.BAD_NAME, text))
            continue
        votes, wrong = _votes(row)
        if wrong:
            problems.append(Problem(str(path), line, Kind.OUT_OF_RANGE, wrong))
        found.append(FaceVotes(clip=clip, votes=votes, line=line))
    return found, problems


def read_face_summary(path: Path) -> dict[str, str]:
    """Return the most frequent votes on the face by clip, such as `A` or `A:D`.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If a column is missing.
    """
    rows = _rows(path, ("FileName", "FaceVote"))
    return {row["FileName"]: row["FaceVote"] for _, row in rows}


def read_actors(path: Path) -> dict[str, Actor]:
    """Return the actors by name.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If a column is missing, a sex is unknown, an age is no number, or an
            actor is listed twice.
    """
    actors: dict[str, Actor] = {}
    for line, row in _rows(path, ("ActorID", "Age", "Sex", "Race", "Ethnicity")):
        name, sex, age = row["ActorID"], row["Sex"], row["Age"]
        if name in actors:
            raise BadAnnotation(path, line, f"an actor must be listed once, got {name!r}")
        if sex not in _SEXES:
            raise BadAnnotation(path, line, f"Sex must be Female or Male, got {sex!r}")
        if age and not age.isdecimal():
            raise BadAnnotation(path, line, f"Age must be a whole number, got {age[:20]!r}")
        actors[name] = Actor(
            name=name,
            sex=_SEXES[sex],
            age=int(age) if age else None,
            ancestry="" if row["Race"] == "Unknown" else row["Race"],
            ethnicity=row["Ethnicity"],
        )
    return actors


def spell_winners(winners: tuple[int, ...]) -> str:
    """Return winners as the tables do, in the order of the alphabet, such as `A:D`."""
    return ":".join(sorted(LETTERS[k] for k in winners))


def _votes(row: dict[str, str]) -> tuple[tuple[int, ...], str]:
    """Return the votes, and what is wrong with them; wrong votes count as none."""
    cells = [row[letter] for letter in LETTERS]
    nothing = (0,) * len(LETTERS)
    if not all(cell.isdecimal() for cell in cells):
        return nothing, f"votes must be whole numbers, got {','.join(cells)[:40]!r}"
    votes = tuple(map(int, cells))
    if row["numResponses"] != str(sum(votes)):
        stated = row["numResponses"][:20]
        return nothing, f"votes must add up to numResponses, {stated}, got {sum(votes)}"
    winners = tuple(k for k, count in enumerate(votes) if count == max(votes) > 0)
    if row["emoVote"] != spell_winners(winners):
        return nothing, (
            f"emoVote must be what most voted for, {spell_winners(winners)!r}, got "
            f"{row['emoVote'][:20]!r}"
        )
    return votes, ""


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row with its line; the fields of short rows are blank."""
    table = csv.DictReader(read_text(path).decode().split("\n"), restval="")
    missing = [name or "row number" for name in needed if name not in _header(table)]
    if missing:
        raise BadAnnotation(path, 1, f"columns must hold {', '.join(missing)}")
    for row in table:
        yield table.line_num, {name: row[name].strip() for name in needed}


def _header(table: "csv.DictReader[str]") -> list[str]:
    return list(table.fieldnames or [])
