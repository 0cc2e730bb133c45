"""Device and threads of training."""

import pytest
import torch

from wildaffect.core.errors import UsageError
from wildaffect.training.core.distributed import launch, use_threads


@pytest.mark.parametrize("num_threads", [0, -1, "auto", None])
def test_a_wrong_number_of_threads_is_refused(num_threads):
    with pytest.raises(UsageError, match="threads: must be a number above 0, got"):
        use_threads(num_threads)


def test_the_number_of_threads_is_set():
    before = torch.get_num_threads()
    use_threads(2)
    assert torch.get_num_threads() == 2
    use_threads(before)


def test_an_unknown_device_is_refused():
    with pytest.raises(UsageError, match="device: must be auto, cpu or cuda, got 'tpu'"):
        launch("tpu", "32-true")
