"""The GRU and the LSTM of the ABAW4 system."""

from torch import nn

from wildaffect.models.temporal.config import GRUConfig, LSTMConfig
from wildaffect.models.temporal.recurrent import RecurrentEncoder


class GRUEncoder(RecurrentEncoder):
    """GRU over rows.

    Source:
        Public code of the ABAW4 system (arXiv 2207.09373): two layers, one direction.
        Different here: the time since the previous row is an input; the heads apply the
        dropout after the last layer; every window starts with a zero state, except in
        `run`.
    """

    def __init__(self, config: GRUConfig, input_dim: int) -> None:
        super().__init__(nn.GRU, config, input_dim)


class LSTMEncoder(RecurrentEncoder):
    """LSTM over rows.

    Source:
        Public code of the ABAW4 system (arXiv 2207.09373): one layer, one direction.
        Different here: the time since the previous row is an input, and every window
        starts with a zero state, except in `run`.
    """

    def __init__(self, config: LSTMConfig, input_dim: int) -> None:
        super().__init__(nn.LSTM, config, input_dim)
