import pytest
import torch

from wildaffect.training.core.recipe import OptimConfig
from wildaffect.training.core.schedule import build_schedule, lr_factor


@pytest.mark.parametrize("decay", ["cosine", "linear"])
@pytest.mark.parametrize("num_steps", [1, 2, 7, 500])
@pytest.mark.parametrize(("warm", "held"), [(0.0, 0.0), (0.1, 0.0), (0.2, 0.8), (1.0, 0.0)])
def test_no_step_is_at_rate_zero_and_none_above_the_peak(decay, num_steps, warm, held):
    config = OptimConfig(warmup_ratio=warm, constant_ratio=held, decay=decay)
    factors = [lr_factor(step, config, num_steps) for step in range(num_steps)]
    assert min(factors) > 0
    assert max(factors) <= 1


def test_the_rate_rises_in_a_line_keeps_the_peak_and_ends_where_it_should():
    config = OptimConfig(
        warmup_ratio=0.1, constant_ratio=0.2, decay="linear", final_lr_ratio=0.1
    )
    factors = [lr_factor(step, config, 100) for step in range(100)]
    assert factors[:10] == pytest.approx([0.1 * n for n in range(1, 11)])
    assert factors[10:31] == [1.0] * 21
    assert factors[30:] == pytest.approx([1 - 0.9 * n / 69 for n in range(70)])


def test_a_cosine_is_halfway_down_in_the_middle_of_the_decay():
    config = OptimConfig(warmup_ratio=0.0, final_lr_ratio=0.2)
    assert lr_factor(50, config, 101) == pytest.approx(0.6)
    assert lr_factor(100, config, 101) == pytest.approx(0.2)


def test_the_optimizer_gets_the_rate_of_each_step():
    config = OptimConfig(peak_lr=0.5, warmup_ratio=0.5)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=config.peak_lr)
    schedule = build_schedule(optimizer, config, 6)
    rates = []
    for _ in range(6):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([0.5 * lr_factor(step, config, 6) for step in range(6)])
