"""What every temporal encoder promises: padding, order, time, length."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from wildaffect.models.temporal.build import build_temporal_encoder
from wildaffect.models.temporal.config import (
    FrameConfig,
    GRUConfig,
    LSTMConfig,
    RecurrentConfig,
    RotaryConfig,
    TCNConfig,
    TemporalConfig,
    TransformerConfig,
)
from wildaffect.models.temporal.recurrent import RecurrentEncoder

WINDOW = Callable[..., Any]
EXACT = {"rtol": 1e-4, "atol": 2e-6}
"""Rounding in float32 of small encoders."""


def build(config: TemporalConfig) -> nn.Module:
    return build_temporal_encoder(config, 5)


def close(got: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(got, expected, **EXACT)


@pytest.mark.parametrize("num_rows", [1, 2, 9])
def test_states_have_a_row_per_row_and_the_stated_width(
    encoder: TemporalConfig, make_window: WINDOW, num_rows: int
) -> None:
    model = build(encoder)
    states = model(*make_window(num_rows, 1))
    assert states.shape == (2, num_rows, model.output_dim)
    assert states.isfinite().all()


def test_a_window_among_longer_ones_gives_what_it_gives_alone(
    encoder: TemporalConfig, make_window: WINDOW
) -> None:
    model = build(encoder)
    window = make_window(9, 4, 1)
    together = model(*window)
    for index, length in enumerate(window.lengths.tolist()):
        alone = model(
            window.features[index : index + 1, :length],
            window.lengths[index : index + 1],
            window.times_s[index : index + 1, :length],
        )
        close(together[index, :length], alone[0])


@pytest.mark.parametrize("garbage", [float("nan"), float("inf"), 1e30, -7.0])
def test_what_stands_in_padding_changes_neither_states_nor_gradients(
    encoder: TemporalConfig, make_window: WINDOW, garbage: float
) -> None:
    model = build(encoder)
    window = make_window(9, 4)
    real = torch.arange(9) < window.lengths[:, None]

    def states_and_gradients(fill: float) -> list[torch.Tensor]:
        model.zero_grad()
        features = torch.where(real[..., None], window.features, fill)
        states = model(features, window.lengths, torch.where(real, window.times_s, fill))
        states = states[real]
        states.square().sum().backward()
        return [states.detach(), *(p.grad for p in model.parameters())]

    clean, dirty = states_and_gradients(0.0), states_and_gradients(garbage)
    for before, after in zip(clean, dirty, strict=True):
        assert after.isfinite().all()
        close(after, before)


def test_windows_in_another_order_give_the_same_in_that_order(
    encoder: TemporalConfig, make_window: WINDOW
) -> None:
    model = build(encoder)
    window = make_window(9, 4, 6)
    order = torch.tensor([2, 0, 1])
    moved = model(*(part[order] for part in window))
    real = torch.arange(9) < window.lengths[order][:, None]
    close(moved[real], model(*window)[order][real])


def test_a_window_of_5000_rows_is_encoded(
    encoder: TemporalConfig, make_window: WINDOW
) -> None:
    with torch.no_grad():
        states = build(encoder)(*make_window(5_000))
    assert states.shape[1] == 5_000
    assert states.isfinite().all()


def test_time_between_rows_matters_to_all_but_the_frame_encoder(
    encoder: TemporalConfig, make_window: WINDOW
) -> None:
    model = build(encoder)
    features, lengths, times_s = make_window(9)
    differs = not torch.allclose(
        model(features, lengths, times_s), model(features, lengths, times_s * 3), atol=1e-4
    )
    assert differs == (not isinstance(encoder, FrameConfig))


def test_rotary_states_do_not_depend_on_where_time_begins(make_window: WINDOW) -> None:
    model = build(RotaryConfig(hidden_dim=16, head_dim=8, ffn_dim=16, dropout=0.0))
    features, lengths, times_s = make_window(9)
    torch.testing.assert_close(
        model(features, lengths, times_s + 4.0),
        model(features, lengths, times_s),
        rtol=1e-4,
        atol=1e-4,
    )


def test_rows_later_than_the_delay_never_change_a_row(
    causal_encoder: TemporalConfig, make_window: WINDOW
) -> None:
    model = build(causal_encoder)
    window = make_window(12, 8)
    before = model(*window)
    for row in range(8):
        latest_s = window.times_s[:, row : row + 1] + causal_encoder.delay_s
        later = (window.times_s > latest_s + 2e-3)[..., None]
        changed = torch.where(
            later, torch.full_like(window.features, 50.0), window.features
        )
        close(model(changed, window.lengths, window.times_s)[:, row], before[:, row])


def test_rows_within_the_delay_are_seen(
    one_way_encoder: TemporalConfig, make_window: WINDOW
) -> None:
    features, lengths, _ = make_window(6)
    times_s = torch.arange(6)[None] * 0.1
    model = build(replace(one_way_encoder, delay_s=0.25))
    changed = features.clone()
    changed[:, 4] += 5.0  # the last that row 2 may see
    moved = model(changed, lengths, times_s) - model(features, lengths, times_s)
    seen = moved[0].abs().amax(-1) > 1e-5
    expected = [False, False, True, True, True, True]
    if isinstance(one_way_encoder, FrameConfig):
        expected = [False, False, False, False, True, False]
    assert seen.tolist() == expected


def test_without_a_delay_all_but_frame_and_one_way_encoders_see_what_comes(
    encoder: TemporalConfig, make_window: WINDOW
) -> None:
    model = build(encoder)
    features, lengths, times_s = make_window(4)
    changed = features.clone()
    changed[:, 1] += 5.0
    moved = model(changed, lengths, times_s)[0, 0] - model(features, lengths, times_s)[0, 0]
    match encoder:
        case FrameConfig():
            sees = False
        case RecurrentConfig():
            sees = encoder.bidirectional
        case _:
            sees = True
    assert bool((moved.abs() > 1e-6).any()) == sees


@pytest.mark.parametrize("config", [LSTMConfig, GRUConfig])
@pytest.mark.parametrize("lengths", [(12, 12), (12, 9)], ids=["full", "padded"])
def test_chunks_with_carried_state_equal_the_whole(
    config: type[GRUConfig], lengths: tuple[int, ...], make_window: WINDOW
) -> None:
    model = build(config(hidden_dim=8, num_layers=2, dropout=0.0))
    assert isinstance(model, RecurrentEncoder)
    features, ends, times_s = make_window(*lengths)
    whole = model(features, ends, times_s)
    state, chunks = None, []
    for rows in (slice(0, 5), slice(5, 6), slice(6, 12)):
        left = (ends - rows.start).clamp(max=rows.stop - rows.start)
        states, state = model.run(features[:, rows], left, times_s[:, rows], state)
        chunks.append(states)
    real = torch.arange(12) < ends[:, None]
    close(torch.cat(chunks, dim=1)[real], whole[real])


@pytest.mark.parametrize("config", [LSTMConfig, GRUConfig])
def test_padding_of_a_chunk_does_not_reach_the_next(
    config: type[GRUConfig], make_window: WINDOW
) -> None:
    model = build(config(hidden_dim=8, num_layers=2, dropout=0.0))
    assert isinstance(model, RecurrentEncoder)
    first, second = make_window(6, 3), make_window(4, 4)
    _, state = model.run(*first)
    after, _ = model.run(second.features, second.lengths, second.times_s + 5.0, state)
    _, short = model.run(first.features[1:, :3], first.lengths[1:], first.times_s[1:, :3])
    alone, _ = model.run(
        second.features[1:], second.lengths[1:], second.times_s[1:] + 5.0, short
    )
    close(after[1], alone[0])


def test_state_is_not_carried_in_two_directions(make_window: WINDOW) -> None:
    model = build(GRUConfig(hidden_dim=8, bidirectional=True))
    assert isinstance(model, RecurrentEncoder)
    with pytest.raises(ValueError, match="run: chunks need a unidirectional encoder"):
        model.run(*make_window(3))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            (GRUConfig, {"bidirectional": True, "delay_s": 0.2}),
            "gru: delay_s needs a unidirectional",
        ),
        (
            (LSTMConfig, {"bidirectional": True, "delay_s": 0.0}),
            "lstm: delay_s needs a unidirectional",
        ),
        ((TCNConfig, {"delay_s": -1.0}), "tcn: delay_s must be at least 0.*got -1.0"),
        ((FrameConfig, {"num_layers": 0}), "frame: num_layers must be at least 1, got 0"),
        ((FrameConfig, {"hidden_dim": 0}), "frame: hidden_dim must be at least 1, got 0"),
        ((FrameConfig, {"dropout": 1.0}), r"frame: dropout must be in \[0, 1\), got 1.0"),
        ((TCNConfig, {"kernel_rows": 4}), "tcn: kernel_rows must be odd, got 4"),
        ((TCNConfig, {"first_dilation": 0}), "tcn: first_dilation must be at least 1"),
        ((TransformerConfig, {"hidden_dim": 96}), "multiple of head_dim.*got 96 and 64"),
        ((RotaryConfig, {"head_dim": 1}), "rotary: width must be .* even, got 256 and 1"),
        ((RotaryConfig, {"position_rate_hz": 0.0}), "position_rate_hz must be above 0"),
        (
            (RotaryConfig, {"attention_dropout": 1.0}),
            "rotary: attention_dropout must be",
        ),
    ],
)
def test_impossible_settings_are_refused(
    config: tuple[type[Any], dict[str, Any]], message: str
) -> None:
    kind, settings = config
    with pytest.raises(ValueError, match=message):
        kind(**settings)
