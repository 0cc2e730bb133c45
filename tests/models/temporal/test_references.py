"""Own layers against torch's, with the same weights."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from wildaffect.models.dropout import Dropout
from wildaffect.models.temporal.attention import View
from wildaffect.models.temporal.config import (
    GRUConfig,
    LSTMConfig,
    TCNConfig,
    TransformerConfig,
)
from wildaffect.models.temporal.gaps import with_gaps
from wildaffect.models.temporal.gated import GRUEncoder, LSTMEncoder
from wildaffect.models.temporal.tcn import DilatedBlock
from wildaffect.models.temporal.transformer import PostNormLayer


def test_a_transformer_layer_is_that_of_torch() -> None:
    config = TransformerConfig(hidden_dim=16, head_dim=4, ffn_dim=12, dropout=0.0)
    own = PostNormLayer(config)
    theirs = nn.TransformerEncoderLayer(16, 4, 12, dropout=0.0, batch_first=True)
    attention = theirs.self_attn
    pairs = [
        (attention.in_proj_weight, own.attention.query_key_value.weight),
        (attention.in_proj_bias, own.attention.query_key_value.bias),
        (attention.out_proj.weight, own.attention.output.weight),
        (attention.out_proj.bias, own.attention.output.bias),
        (theirs.linear1.weight, own.ffn[0].weight),
        (theirs.linear1.bias, own.ffn[0].bias),
        (theirs.linear2.weight, own.ffn[3].weight),
        (theirs.linear2.bias, own.ffn[3].bias),
    ]
    with torch.no_grad():
        for target, source in pairs:
            target.copy_(source)
    x = torch.randn(2, 7, 16)
    real = torch.arange(7) < torch.tensor([7, 4])[:, None]
    got = own(x, View(real[:, None, None, :], is_causal=False))
    expected = theirs(x, src_key_padding_mask=~real)
    torch.testing.assert_close(got[real], expected[real])


@pytest.mark.parametrize(
    ("config", "build", "reference"),
    [
        (GRUConfig, GRUEncoder, nn.GRU),
        (LSTMConfig, LSTMEncoder, nn.LSTM),
    ],
)
def test_two_directions_over_padded_windows_are_those_of_packed_torch(
    config: type[Any],
    build: type[Any],
    reference: type[nn.RNNBase],
    make_window: Callable[..., Any],
) -> None:
    own = build(config(hidden_dim=6, num_layers=2, bidirectional=True, dropout=0.0), 5)
    theirs = reference(6, 6, num_layers=2, bidirectional=True, batch_first=True)
    for layer in range(2):
        for cells, suffix in ((own.ahead, ""), (own.back, "_reverse")):
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                source = getattr(cells[layer], f"{name}_l0")
                getattr(theirs, f"{name}_l{layer}{suffix}").data.copy_(source)
    window = make_window(9, 4, 1)
    packed = pack_padded_sequence(
        with_gaps(window.features, window.times_s),
        window.lengths,
        batch_first=True,
        enforce_sorted=False,
    )
    expected, _ = pad_packed_sequence(theirs(packed)[0], batch_first=True)
    real = torch.arange(9) < window.lengths[:, None]
    torch.testing.assert_close(own(*window)[real], expected[real])


@pytest.mark.parametrize("delay_s", [None, 0.0], ids=["both sides", "back"])
@pytest.mark.parametrize("kernel_rows", [1, 3, 5])
def test_a_dilated_block_convolves_as_torch_does(
    delay_s: float | None, kernel_rows: int
) -> None:
    config = TCNConfig(hidden_dim=4, kernel_rows=kernel_rows, dropout=0.0, delay_s=delay_s)
    block = DilatedBlock(config, dilation=2)
    x = torch.randn(2, 11, 4)
    weight = block.convolve.weight.view(4, kernel_rows, 4).transpose(1, 2)
    reach = 2 * (kernel_rows - 1)
    before = reach // 2 if delay_s is None else reach
    y = functional.pad(block.norm(x).transpose(1, 2), (before, reach - before))
    y = functional.conv1d(y, weight, block.convolve.bias, dilation=2).transpose(1, 2)
    expected = x + block.output(functional.gelu(y))
    torch.testing.assert_close(block(x, None), expected)


def test_gaps_are_logarithms_of_frames_and_zero_at_the_start() -> None:
    times_s = torch.tensor([[0.0, 1 / 30, 4 / 30, 4 / 30]])  # the last row is padding
    gaps = with_gaps(torch.zeros(1, 4, 2), times_s)[..., -1]
    expected = torch.log(torch.tensor([[1.0, 2.0, 4.0, 1.0]]))
    torch.testing.assert_close(gaps, expected)


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_dropout_drops_its_share_and_keeps_the_mean(p: float) -> None:
    x = torch.ones(401, 503, requires_grad=True)  # a number that no draw divides
    y = Dropout(p)(x)
    dropped = float((y == 0).float().mean())
    assert dropped == pytest.approx(p, abs=5e-3)
    assert float(y.detach().mean()) == pytest.approx(1.0, abs=5e-3)
    y.sum().backward()
    torch.testing.assert_close(x.grad, y.detach())


def test_dropout_repeats_under_a_seed_and_differs_from_row_to_row() -> None:
    torch.manual_seed(3)
    first = Dropout(0.5)(torch.ones(4, 64))
    torch.manual_seed(3)
    assert torch.equal(Dropout(0.5)(torch.ones(4, 64)), first)
    assert len({tuple(row) for row in first.tolist()}) == 4


def test_dropout_is_nothing_in_evaluation() -> None:
    x = torch.randn(3, 5)
    assert Dropout(0.5).eval()(x) is x
