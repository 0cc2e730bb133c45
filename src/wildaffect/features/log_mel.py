"""Log-mel features of sound: the energy of 64 bands every 10 ms.

Triangular filters on the mel scale of HTK, over the power spectrum of Hann windows of
25 ms; the natural logarithm of the energy. Symbols: N windows, L samples of one, M bands.
"""

from functools import cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from wildaffect.video.waveform import RATE_HZ

LENGTH, STEP = 400, 160
"""Samples of a window, and from window to window."""
NUM_BANDS = 64
LOWEST_HZ, HIGHEST_HZ = 60.0, 7600.0
FLOOR = 1e-6
"""Added to the energy, so that silence has a finite logarithm."""
COLUMNS = tuple(f"mel_{band:02d}" for band in range(NUM_BANDS))
_FFT = 512


def log_mel(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the log-mel energies of windows (N, L), shape (N, M)."""
    spectrum = np.fft.rfft(windows * np.hanning(LENGTH), n=_FFT)
    power = spectrum.real**2 + spectrum.imag**2
    return np.log(power @ _filters() + FLOOR).astype(np.float32)


def definition_sha256() -> str:
    """Return the digest of what determines the features."""
    settings = (RATE_HZ, LENGTH, STEP, NUM_BANDS, LOWEST_HZ, HIGHEST_HZ, FLOOR, _FFT)
    return sha256(f"log-mel {settings}".encode()).hexdigest()


def centers_hz() -> NDArray[np.float64]:
    """Return the frequency at which each band is most sensitive, shape (M,)."""
    return _edges_hz()[1:-1]


def _edges_hz() -> NDArray[np.float64]:
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (LOWEST_HZ, HIGHEST_HZ))
    return 700 * (10 ** (np.linspace(low, high, NUM_BANDS + 2) / 2595) - 1)


@cache
def _filters() -> NDArray[np.float64]:
    """Return the weight of each frequency in each band, shape (F, M)."""
    hz, edges = np.arange(_FFT // 2 + 1)[:, None] * RATE_HZ / _FFT, _edges_hz()
    rising = (hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hz) / (edges[2:] - edges[1:-1])
    weights: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    for band in np.flatnonzero(weights.sum(0) == 0):  # narrower than the grid
        weights[np.abs(hz[:, 0] - edges[band + 1]).argmin(), band] = 1.0
    return weights
