"""Rules for the columns that a result table has."""

from collections.abc import Iterable, Mapping

from wildaffect.core.events import EventKind
from wildaffect.core.tasks import expression_column
from wildaffect.events.intervals import TIME_TOLERANCE_S
from wildaffect.events.rules import Rule, StateRule, SwingRule
from wildaffect.events.settings import EventSettings

GAZE_ANGLE = "gaze angle"
"""Column made from those of gaze: its angle to the camera in degrees."""
NOD_SWINGS, SHAKE_SWINGS = 2, 3
"""A nod is down and up; a look aside and back is no shake, which has a swing more."""


def expression_state(label: str) -> str:
    """Return the name of the column that is 1 where an expression is the row's label."""
    return f"expression is {label}"


def rules_for(
    columns: Iterable[str], thresholds: Mapping[str, float], settings: EventSettings
) -> tuple[Rule, ...]:
    """Return the rules whose columns are all there, except those of expressions.

    Args:
        columns: Names of the table's columns, and `GAZE_ANGLE` if it has gaze.
        thresholds: Action unit -> threshold of its probability.
        settings: Durations and levels.
    """
    found = set(columns)
    rules: list[Rule] = [
        _action_unit_rule(label, threshold, settings)
        for label, threshold in thresholds.items()
    ]
    rules += [*_eye_rules(settings), *_gaze_rules(settings), _mouth_rule(settings)]
    rules += _head_rules(settings)
    return tuple(rule for rule in rules if found.issuperset(rule.columns))


def expression_rule(label: str, settings: EventSettings) -> StateRule:
    """Return the rule of an expression, which begins and ends with the row's label."""
    state = expression_state(label)
    return StateRule(
        kind=EventKind.EXPRESSION,
        label=label,
        begins=state,
        onset=1.0,
        holds=state,
        offset=1.0,
        signals=(expression_column(label),),
        merge_gap_s=settings.merge_gap_s,
        min_duration_s=settings.min_duration_s,
    )


def _action_unit_rule(label: str, threshold: float, settings: EventSettings) -> StateRule:
    return StateRule(
        kind=EventKind.ACTION_UNIT,
        label=label,
        begins=f"{label}_present",
        onset=1.0,
        holds=label,
        offset=settings.release * threshold,
        signals=(label,),
        merge_gap_s=settings.merge_gap_s,
        min_duration_s=settings.min_duration_s,
    )


def _eye_rules(settings: EventSettings) -> tuple[StateRule, StateRule]:
    def rule(label: str, min_s: float, max_s: float | None) -> StateRule:
        return StateRule(
            kind=EventKind.EYES,
            label=label,
            begins="eyes_closed",
            onset=1.0,
            holds="eyes_closed",
            offset=1.0,
            signals=("eye_closure_left", "eye_closure_right"),
            merge_gap_s=0.0,
            min_duration_s=min_s,
            max_duration_s=max_s,
        )

    longer_s = settings.blink_max_s + 2 * TIME_TOLERANCE_S
    return (
        rule("blink", settings.blink_min_s, settings.blink_max_s),
        rule("eyes_closed", max(longer_s, settings.min_duration_s), None),
    )


def _gaze_rules(settings: EventSettings) -> tuple[StateRule, StateRule]:
    def rule(label: str, *, negated: bool) -> StateRule:
        return StateRule(
            kind=EventKind.GAZE,
            label=label,
            begins="looking_at_camera",
            onset=1.0,
            holds="looking_at_camera",
            offset=1.0,
            signals=(GAZE_ANGLE,),
            merge_gap_s=settings.gaze_merge_gap_s,
            min_duration_s=settings.min_duration_s,
            merges_unknown=True,
            negated=negated,
        )

    return rule("looking_at_camera", negated=False), rule("looking_away", negated=True)


def _mouth_rule(settings: EventSettings) -> StateRule:
    return StateRule(
        kind=EventKind.MOUTH,
        label="mouth_open",
        begins="mouth_open",
        onset=settings.mouth_onset,
        holds="mouth_open",
        offset=settings.mouth_offset,
        signals=("mouth_open",),
        merge_gap_s=settings.merge_gap_s,
        min_duration_s=settings.min_duration_s,
    )


def _head_rules(settings: EventSettings) -> tuple[SwingRule, SwingRule]:
    pitch, yaw = "pose_pitch_deg", "pose_yaw_deg"
    return (
        SwingRule(
            kind=EventKind.HEAD,
            label="nod",
            axis=pitch,
            other_axis=yaw,
            min_deg=settings.nod_min_deg,
            min_swings=NOD_SWINGS,
        ),
        SwingRule(
            kind=EventKind.HEAD,
            label="shake",
            axis=yaw,
            other_axis=pitch,
            min_deg=settings.shake_min_deg,
            min_swings=SHAKE_SWINGS,
        ),
    )
