import pytest
from torch import nn

from wildaffect.core.errors import UsageError
from wildaffect.training.core.distributed import launch
from wildaffect.training.core.sharding import is_sharded, shard


def test_one_process_has_nothing_to_divide_a_model_over():
    with pytest.raises(UsageError, match="fsdp needs several processes"):
        launch("cpu", "32-true", "fsdp")


def test_a_network_without_transformer_blocks_is_not_divided():
    with pytest.raises(UsageError, match="fsdp supports vision transformers only"):
        shard(nn.Sequential(nn.Conv2d(3, 4, 3)), None)


def test_one_process_alone_holds_whole_models():
    assert not is_sharded(launch("cpu", "32-true"))
