"""Optimizers and schedules by name: a step and some rates worked by hand."""

import keras
import numpy as np
import pytest

from srlib.errors import InputError
from srlib.training import optimizers, schedules


def one_step(name, gradients, rate=0.5):
    """By how much the first step moves four variables that start at 1."""
    variable = keras.Variable(np.ones(4, "float32"))
    optimizers.create(name, rate).apply([np.array(gradients, "float32")], [variable])
    return np.asarray(variable) - 1


def test_first_step_of_adam_by_hand():
    # Corrected moments are g and g²: the step is the rate, against the gradient's sign.
    assert one_step("adam", [2, -0.1, 30, 0]) == pytest.approx([-0.5, 0.5, -0.5, 0], abs=1e-4)


def test_first_step_of_rmsprop_by_hand():
    # The mean square is a tenth of g²: the step is the rate times the root of ten.
    assert one_step("rmsprop", [2, -1, 30, 0]) == pytest.approx([-1.5811, 1.5811, -1.5811, 0], abs=1e-3)


def test_adabelief_takes_its_epsilon_and_the_others_keep_theirs():
    assert optimizers.create("adabelief", 1e-4, adabelief_epsilon=1e-8).epsilon == 1e-8
    assert optimizers.create("adabelief", 1e-4).epsilon == 1e-14
    assert optimizers.create("adam", 1e-4, adabelief_epsilon=1e-8).epsilon == keras.optimizers.Adam().epsilon


def test_the_rate_may_be_a_schedule():
    optimizer = optimizers.create("adam", schedules.create("constant", 0.5, steps=10, warmup_steps=4))
    assert float(optimizer.learning_rate) == 0.0
    optimizer.iterations.assign(2)
    assert float(optimizer.learning_rate) == pytest.approx(0.25)


def test_an_unknown_optimizer_suggests_the_nearest():
    with pytest.raises(InputError, match="'rmsprob'.*did you mean 'rmsprop'"):
        optimizers.create("rmsprob", 1e-4)


@pytest.mark.parametrize("step", [0, 1, 500, 2000])
def test_constant_without_warm_up_is_the_rate_itself(step):
    assert float(schedules.create("constant", 1e-4, steps=1000)(step)) == np.float32(1e-4)


def test_a_shared_schedule_takes_the_numbers_of_another():
    schedule = schedules.create("cosine", 1.0, steps=100)
    optimizer = optimizers.create("adam", schedule)
    schedule.share(optimizer)
    assert any(variable is schedule._shared for variable in optimizer.variables)  # compiled steps get it from there
    schedule.take(schedules.create("constant", 0.25, steps=8, warmup_steps=4))
    rates = [float(schedule(step)) for step in (0, 2, 4, 50)]
    assert rates == [0, 0.125, 0.25, 0.25]


def test_a_schedule_is_rebuilt_from_its_config():
    schedule = schedules.create("cosine", 2.0, steps=100, warmup_steps=10)
    again = schedules.Schedule.from_config(schedule.get_config())
    assert [float(again(step)) for step in (3, 30, 99)] == [float(schedule(step)) for step in (3, 30, 99)]


@pytest.mark.parametrize("step, expected", [(0, 0), (5, 0.25), (10, 0.5), (20, 1), (70, 1), (120, 1), (500, 1)])
def test_constant_after_warm_up_by_hand(step, expected):
    assert float(schedules.create("constant", 1.0, steps=120, warmup_steps=20)(step)) == pytest.approx(
        expected, abs=1e-6
    )


@pytest.mark.parametrize("step, expected", [(0, 1), (25, 0.853553), (50, 0.5), (75, 0.146447), (100, 0), (500, 0)])
def test_cosine_by_hand(step, expected):
    assert float(schedules.create("cosine", 1.0, steps=100)(step)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("step, expected", [(0, 0), (10, 0.5), (20, 1), (70, 0.5), (120, 0)])
def test_cosine_after_warm_up_by_hand(step, expected):
    assert float(schedules.create("cosine", 1.0, steps=120, warmup_steps=20)(step)) == pytest.approx(expected, abs=1e-6)


def test_an_unknown_schedule_names_the_known_ones():
    with pytest.raises(InputError, match="'linear'.*constant or cosine"):
        schedules.create("linear", 1e-4, steps=10)
