"""The checks of notebook 07: right answers pass, each planted mistake gets the hint that fits, nothing raises."""

import numpy as np
import pytest

from srlib.course.check import optimizer_ablation as check
from srlib.evaluation import statistics

RIGHT = {
    "A": "unequal trials",
    "B": "one seed",
    "C": "chosen on the test set",
    "D": "fair",
    "E": "unequal steps",
    "F": "one rate for all",
}


def step(square=lambda g, m, new: g - new, unbias=True, sign=-1, rate=0.1, decay=0.9):
    """AdaBelief's step as the notebook writes it, with the parts that a planted mistake changes."""

    def one(gradient, mean, surprise, count):
        new = decay * mean + (1 - decay) * gradient
        seen = 0.999 * surprise + 0.001 * square(gradient, mean, new) ** 2 + 1e-14
        corrected = (new / (1 - 0.9**count), seen / (1 - 0.999**count)) if unbias else (new, seen)
        return new, seen, sign * rate * corrected[0] / (np.sqrt(corrected[1]) + 1e-14)

    return one


def bonferroni(p_values):
    return [min(1.0, len(p_values) * p) for p in p_values]


def without_carrying(p_values):
    ranks = np.argsort(np.argsort(p_values))
    return [min(1.0, (len(p_values) - rank) * p) for p, rank in zip(p_values, ranks)]


def without_limit(p_values):
    stepwise = [(len(p_values) - rank) * p for p, rank in zip(p_values, np.argsort(np.argsort(p_values)))]
    return [max(value for value, p in zip(stepwise, p_values) if p <= own) for own in p_values]


@pytest.mark.parametrize(
    "name, answer",
    [
        ("adabelief_step", step()),
        ("holm", statistics.holm),
        ("holm", lambda p: np.array(statistics.holm(p))),
        ("unfair", RIGHT),
    ],
)
def test_right_answers_pass(name, answer, capsys):
    assert getattr(check, name)(answer)
    assert "Correct" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer, hint",
    [
        ("adabelief_step", step(square=lambda g, m, new: g), "Adam's second moment"),
        ("adabelief_step", step(square=lambda g, m, new: g - m), "old mean"),
        ("adabelief_step", step(square=lambda g, m, new: 2 * g), "0.001 times"),
        ("adabelief_step", step(unbias=False), "lag behind"),
        ("adabelief_step", step(sign=1), "sign"),
        ("adabelief_step", step(rate=0.2), "should be"),
        ("adabelief_step", step(decay=0.5), "0.9 times"),
        ("adabelief_step", lambda *numbers: (1.0, 2.0), "three numbers"),
        ("holm", bonferroni, "Bonferroni"),
        ("holm", without_carrying, "must not end below"),
        ("holm", without_limit, "no more than 1"),
        ("holm", lambda p: p, "Nothing was adjusted"),
        ("holm", lambda p: sorted(statistics.holm(p)), "wrong order"),
        ("holm", lambda p: [0.5] * len(p), "it should be"),
        ("unfair", RIGHT | {"A": "fair"}, "Report A"),
        ("unfair", RIGHT | {"C": "one seed"}, "Report C"),
        ("unfair", RIGHT | {"F": "fair"}, "Report F"),
        ("unfair", RIGHT | {"B": "bad luck"}, "none of the words"),
    ],
)
def test_planted_mistakes_get_their_hint(name, answer, hint, capsys):
    assert not getattr(check, name)(answer)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer",
    [
        ("adabelief_step", ...),
        ("adabelief_step", lambda *numbers: ...),
        ("holm", lambda p: None),
        ("unfair", dict.fromkeys("ABCDEF", ...)),
        ("unfair", None),
    ],
)
def test_untouched_stubs_are_unanswered(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "Not answered yet" in capsys.readouterr().out


@pytest.mark.parametrize("name, answer", [("adabelief_step", lambda g: g), ("holm", lambda p: 1 / 0), ("unfair", 7)])
def test_answers_that_raise_become_a_hint(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "raised" in capsys.readouterr().out
