"""The checks of notebook 09: right answers pass, each planted mistake gets the hint that fits, nothing raises."""

import math

import numpy as np
import pytest

from srlib.course.check import hyperparameter_tuning as check

RIGHT = {"A": "test set", "B": "unequal tuning", "C": "one seed", "D": "best of many", "E": "believable"}


def trials(share, chance):
    return math.ceil(math.log(1 - chance) / math.log(1 - share))


def halving(curves, keep=max, cost=0):
    """Successive halving; `keep` is max or min, `cost` is added to the rungs."""
    alive, rungs = list(range(len(curves))), cost
    for rung in range(curves.shape[1]):
        rungs += len(alive)
        alive.sort(key=lambda index: curves[index, rung], reverse=keep is max)
        alive = alive[: max(1, len(alive) // 2)]
    return alive[0], rungs


def places_among_survivors(curves):
    for rung in range(curves.shape[1]):
        order = np.argsort(-curves[:, rung])
        curves = curves[order[: max(1, len(order) // 2)]]
    return 0, 15


@pytest.mark.parametrize(
    "name, answer",
    [("trials_for_a_hit", trials), ("successive_halving", halving), ("believable_searches", RIGHT)],
)
def test_right_answers_pass(name, answer, capsys):
    assert getattr(check, name)(answer)
    assert "Correct" in capsys.readouterr().out


def test_the_right_number_of_trials_is_the_smallest_by_simulation():
    missed = np.random.default_rng(0).random((200_000, trials(0.05, 0.95))) >= 0.05
    assert 1 - missed.all(axis=1).mean() == pytest.approx(0.95, abs=0.005)
    assert 1 - missed[:, 1:].all(axis=1).mean() < 0.95
    assert trials(0.05, 0.95) == 59


@pytest.mark.parametrize(
    "name, answer, hint",
    [
        ("trials_for_a_hit", lambda share, chance: math.log(1 - chance) / math.log(1 - share), "whole"),
        ("trials_for_a_hit", lambda share, chance: trials(share, chance) - 1, "Rounded down"),
        ("trials_for_a_hit", lambda share, chance: math.log(1 - share) / math.log(1 - chance), "upside down"),
        ("trials_for_a_hit", lambda share, chance: round(1 / share), "on average"),
        ("trials_for_a_hit", lambda share, chance: math.ceil(chance / share), "add up"),
        ("trials_for_a_hit", lambda share, chance: math.ceil(math.log(chance) / math.log(share)), "wrong event"),
        ("trials_for_a_hit", lambda share, chance: 10, "with the chance 0.401"),
        ("successive_halving", lambda curves: (int(curves[:, -1].argmax()), 15), "survivors only"),
        ("successive_halving", lambda curves: halving(curves, min), "worse half"),
        ("successive_halving", lambda curves: (int(curves[:, 0].argmax()), 15), "first rung only"),
        ("successive_halving", places_among_survivors, "place among the survivors"),
        ("successive_halving", lambda curves: (5, 15), "does not survive"),
        ("successive_halving", lambda curves: (halving(curves)[0], curves.size), "all to the end"),
        ("successive_halving", lambda curves: halving(curves, cost=-1), "last rung too"),
        ("successive_halving", lambda curves: halving(curves, cost=-8), "all of them at the first"),
        ("successive_halving", lambda curves: halving(curves, cost=5), "not 20"),
        ("successive_halving", lambda curves: halving(curves)[0], "two numbers"),
        ("believable_searches", RIGHT | {"A": "believable"}, "Report A"),
        ("believable_searches", RIGHT | {"B": "believable"}, "Report B"),
        ("believable_searches", RIGHT | {"C": "believable"}, "Report C"),
        ("believable_searches", RIGHT | {"D": "believable"}, "Report D"),
        ("believable_searches", RIGHT | {"E": "one seed"}, "Report E"),
        ("believable_searches", RIGHT | {"E": "fine"}, "none of the five"),
    ],
)
def test_planted_mistakes_get_their_hint(name, answer, hint, capsys):
    assert not getattr(check, name)(answer)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer",
    [
        ("trials_for_a_hit", ...),
        ("trials_for_a_hit", lambda share, chance: ...),
        ("successive_halving", lambda curves: None),
        ("believable_searches", dict.fromkeys("ABCDE", ...)),
        ("believable_searches", None),
    ],
)
def test_untouched_stubs_are_unanswered(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "Not answered yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer",
    [
        ("trials_for_a_hit", lambda share: 3),
        ("successive_halving", lambda curves: curves[99]),
        ("believable_searches", 7),
    ],
)
def test_answers_that_raise_become_a_hint(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "raised" in capsys.readouterr().out
