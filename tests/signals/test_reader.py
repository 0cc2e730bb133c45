"""Signals of a track: closed eyes over time, and what is empty when."""

import math

import numpy as np
import pytest

from wildaffect.core.faces import Status
from wildaffect.signals.reader import SignalReader

FPS = 25


def closed(face, closures, status=None):
    reader, given = SignalReader(), status or [Status.OK] * len(closures)
    read = [
        reader.read(i / FPS, face(eyeBlinkLeft=c, eyeBlinkRight=c, status=s))
        for i, (c, s) in enumerate(zip(closures, given, strict=True))
    ]
    return [None if signals is None else signals.eyes_closed for signals in read]


def test_eyes_close_at_the_upper_threshold_and_open_below_the_lower(face):
    """Halfway from 0.12, open, to 0.75, closed, is 0.435; a quarter of it is 0.278."""
    assert closed(face, [0.12, 0.43, 0.45, 0.40, 0.29, 0.26, 0.40, 0.46]) == [
        False, False, True, True, True, False, False, True,
    ]  # fmt: skip


def test_a_value_that_trembles_about_one_threshold_is_one_closure(face):
    trembling = closed(face, [0.1, *[0.46, 0.43] * 20, 0.1])
    assert trembling == [False, *[True] * 40, False]


def test_eyes_that_are_always_half_closed_are_open_and_their_blinks_are_found(face):
    closures = [*np.linspace(0.12, 0.36, 100), *[0.36] * 100, 0.44, 0.44, 0.7, 0.7, 0.36]
    states = closed(face, closures)
    assert not any(states[:202])
    assert states[202:] == [True, True, False]


def test_eyes_that_are_always_wide_open_blink_with_less(face):
    """As in small faces, where the mesh closes the eyes only in part."""
    assert closed(face, [*[0.01] * 200, 0.39, 0.3, 0.15])[200:] == [True, True, False]


def test_a_long_closure_does_not_become_the_open_eye(face):
    assert closed(face, [*[0.15] * 50, *[0.7] * 500])[50:] == [True] * 500


def test_state_depends_on_time_and_not_on_the_rate_of_frames(face):
    def state_after(fps):
        reader = SignalReader()
        for i in range(4 * fps):
            half = face(eyeBlinkLeft=0.3, eyeBlinkRight=0.3)
            reader.read(i / fps, half)
        return reader.read(4.0, face(eyeBlinkLeft=0.49, eyeBlinkRight=0.49)).eyes_closed

    assert state_after(10) == state_after(60) is False


def test_one_closed_eye_does_not_close_the_eyes(face):
    signals = SignalReader().read(0.0, face(eyeBlinkLeft=0.75, eyeBlinkRight=0.1))
    assert not signals.eyes_closed
    assert signals.eye_closure_left == pytest.approx(0.75)
    assert signals.eye_closure_right == pytest.approx(0.1)


@pytest.mark.parametrize("status", [Status.LOW_QUALITY, Status.INTERPOLATED])
def test_there_are_no_signals_unless_the_face_is_ok_and_state_starts_anew(face, status):
    statuses = [Status.OK, status, Status.OK]
    assert closed(face, [0.6, 0.6, 0.4], statuses) == [True, None, False]


def test_gaze_is_empty_while_the_eyes_are_closed_and_the_mouth_is_not(face):
    shut = face(eyeBlinkLeft=0.7, eyeBlinkRight=0.7, lips=(3.0, 10.0))
    signals = SignalReader().read(0.0, shut)
    angles = (
        signals.eye_yaw_deg,
        signals.eye_pitch_deg,
        signals.gaze_yaw_deg,
        signals.gaze_pitch_deg,
    )
    assert all(math.isnan(angle) for angle in angles)
    assert signals.looking_at_camera is None
    assert signals.mouth_open == pytest.approx(0.3)
    assert repr(signals) == "Signals(eyes closed, mouth open 0.30)"


def test_signals_are_one_short_line(face):
    ahead = face(eyeLookOutLeft=0.24, eyeLookDownLeft=0.4)
    assert repr(SignalReader().read(0.0, ahead)) == (
        "Signals(gaze yaw +0 pitch +0 deg, at the camera, mouth open 0.00)"
    )
