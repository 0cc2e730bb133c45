"""Tables of a data check: contents and label frequencies, beside the published ones."""

from collections.abc import Callable, Sequence
from functools import partial

from wildaffect.core.tasks import SCALE_TASKS, Task
from wildaffect.data.check import SplitCheck
from wildaffect.data.published import PUBLISHED, Published
from wildaffect.formats.detect import Found
from wildaffect.reporting.tables import TextTable


def tables_of(checks: Sequence[SplitCheck], found: Found) -> list[TextTable]:
    """Return the tables of a report."""
    spaces = checks[0].annotations.spaces
    tables = [_overview(checks, found)]
    if any(check.expression for check in checks):
        tables.append(
            _frequencies(
                "Expressions",
                spaces.expressions.labels,
                checks,
                found,
                what="expressions",
            )
        )
    if any(check.voted for check in checks):
        tables.append(_shares_table(spaces.expressions.labels, checks, found))
    if any(check.action_units for check in checks):
        tables.append(
            _frequencies(
                "Action units (active)",
                spaces.action_units.labels,
                checks,
                found,
                what="positives",
            )
        )
    for task in SCALE_TASKS:
        if any(getattr(check, task) for check in checks):
            tables.append(_scale_table(task, checks))
    return tables


def _scale_table(task: Task, checks: Sequence[SplitCheck]) -> TextTable:
    """Return labeled rows, least, mean and greatest value of each scale and split."""
    rows = []
    for index, scale in enumerate(checks[0].annotations.spaces.scales(task).scales):
        for check in checks:
            column = check.annotations[task]
            values = column.values[column.valid[:, index], index]
            numbers = (
                (f"{values.min():g}", f"{values.mean():.3g}", f"{values.max():g}")
                if len(values)
                else ("-", "-", "-")
            )
            rows.append(
                (f"{scale.label} {scale.ends}", check.name, f"{len(values):,}", *numbers)
            )
    header = ("", "split", "rows", "least", "mean", "greatest")
    return TextTable(title=task.words.capitalize(), header=header, rows=tuple(rows))


def _overview(checks: Sequence[SplitCheck], found: Found) -> TextTable:
    lines: list[tuple[str, Callable[[SplitCheck], str], str]] = [
        ("rows", lambda c: f"{len(c.annotations):,}", "num_rows"),
        ("rows lost", lambda c: f"{c.num_rows - len(c.annotations):,}", ""),
        (
            "videos" if found.format.is_video else "images",
            lambda c: f"{len(c.annotations.videos):,}",
            "num_videos",
        ),
        ("people", _people, ""),
        ("exact repeats", lambda c: f"{c.num_repeats:,}", "num_repeats"),
        ("valence and arousal", lambda c: _share(c.valence_arousal, c), "valence_arousal"),
        ("expression", lambda c: _share(c.expression, c), "expression"),
        *(_votes_lines() if any(check.voted for check in checks) else ()),
        ("action units", lambda c: _share(c.action_units, c), "action_units"),
        *(
            (task.words, partial(_share_of, task), "")
            for task in SCALE_TASKS
            if any(getattr(check, task) for check in checks)
        ),
        ("no label", lambda c: _share(c.unlabeled, c), ""),
        ("images missing", _missing, ""),
        ("images without label", _spare, ""),
    ]
    if found.format.is_video:
        lines += [
            ("gap, median frames", _median_gap, ""),
            ("gap, longest", lambda c: f"{c.gaps.longest:,}" if c.gaps else "", ""),
        ]
    rows = []
    for name, value, key in lines:
        cells = [name]
        for check in checks:
            published = PUBLISHED.get((found.format.name, check.name))
            cells.append(value(check))
            if published:
                cells += _compare_total(check, published, key)
        rows.append(tuple(cells))
    return TextTable(title="Contents", header=_header(checks, found), rows=tuple(rows))


def _votes_lines() -> tuple[tuple[str, Callable[[SplitCheck], str], str], ...]:
    return (
        ("votes on expressions", lambda c: _share(c.voted, c), ""),
        ("votes without one class", lambda c: _share(c.without_class, c), ""),
    )


def _shares_table(
    labels: Sequence[str], checks: Sequence[SplitCheck], found: Found
) -> TextTable:
    """Return the mean share of the votes of each class, which published counts lack."""
    rows = []
    for index, label in enumerate(labels):
        cells = [label]
        for check in checks:
            total = check.voted
            cells.append(f"{check.shares[index] / total:.1%}" if total else "-")
            if (found.format.name, check.name) in PUBLISHED:
                cells += ["", ""]
        rows.append(tuple(cells))
    return TextTable(
        title="Votes on expressions",
        header=_header(checks, found),
        rows=tuple(rows),
        note="Mean shares of the votes of a row. A tie has no class: it is learned from, "
        "and not scored.",
    )


def _frequencies(
    title: str,
    labels: Sequence[str],
    checks: Sequence[SplitCheck],
    found: Found,
    *,
    what: str,
) -> TextTable:
    rows = []
    for index, label in enumerate(labels):
        cells = [label]
        for check in checks:
            count = int(getattr(check, what)[index])
            total = int(check.annotated[index]) if what == "positives" else check.expression
            cells.append(f"{count:,} ({count / total:.1%})" if total else "-")
            published = PUBLISHED.get((found.format.name, check.name))
            if published:
                cells += _compare(count, published, what, index)
        rows.append(tuple(cells))
    return TextTable(
        title=title,
        header=_header(checks, found),
        rows=tuple(rows),
        note="Shares are of the rows that are annotated for it.",
    )


def _compare_total(check: SplitCheck, published: Published, key: str) -> tuple[str, str]:
    number = getattr(published, key) if key else None
    if number is None:
        return "", ""
    a = check.annotations
    counts = {"num_rows": len(a), "num_videos": len(a.videos)}
    count = counts[key] if key in counts else getattr(check, key)
    return f"{number:,}", f"{count - number:+,}" if count != number else "0"


def _compare(count: int, published: Published, what: str, index: int) -> tuple[str, str]:
    """Return the published count with its share, and the difference."""
    counts: tuple[int, ...] = getattr(published, what)
    if not counts:
        return "", ""
    total = published.expression if what == "expressions" else published.action_units
    wanted = counts[index]
    share = f" ({wanted / total:.1%})" if total else ""
    return f"{wanted:,}{share}", f"{count - wanted:+,}" if count != wanted else "0"


def _header(checks: Sequence[SplitCheck], found: Found) -> tuple[str, ...]:
    cells = [""]
    for check in checks:
        cells.append(check.name)
        if (found.format.name, check.name) in PUBLISHED:
            cells += ["published", "difference"]
    return tuple(cells)


def _median_gap(check: SplitCheck) -> str:
    return f"{check.gaps.median:g}" if check.gaps and check.gaps.longest else "-"


def _share(count: int, check: SplitCheck) -> str:
    total = len(check.annotations)
    return f"{count:,} ({count / total:.0%})" if total and count else f"{count:,}"


def _share_of(task: Task, check: SplitCheck) -> str:
    return _share(getattr(check, task), check)


def _people(check: SplitCheck) -> str:
    a = check.annotations
    return "not named" if a.subjects == a.videos else f"{len(set(a.subjects)):,}"


def _missing(check: SplitCheck) -> str:
    return "not looked for" if check.images is None else f"{len(check.images.missing):,}"


def _spare(check: SplitCheck) -> str:
    return "" if check.images is None else f"{check.images.num_unlabeled:,}"
