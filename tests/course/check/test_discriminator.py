"""The checks of notebook 03: right answers pass, typical mistakes get the hint that fits, nothing raises."""

import numpy as np
import pytest

from srlib.course.check import discriminator as check

DENSE = 6 * 6 * 512 * 1024 + 1024
DIAGNOSIS = {"A": "collapsed", "B": "generator wins", "C": "healthy"}
NAMES = ["discriminator_dense_layer", "discriminator_loss_from_logits", "discriminator_diagnosis"]


def softplus(x):
    return np.logaddexp(0, x)


def loss(real, fake):
    """The right answer."""
    return np.mean(softplus(-real)) + np.mean(softplus(fake))


def by_probability(real, fake):
    """Right on paper, infinite for large logits."""
    return -np.mean(np.log(1 / (1 + np.exp(-real)))) - np.mean(np.log(1 - 1 / (1 + np.exp(-fake))))


def raising(real, fake):
    """An error of the learner's own."""
    raise ZeroDivisionError("by design")


@pytest.mark.parametrize(
    "name, answer",
    [
        ("discriminator_dense_layer", (6, DENSE)),
        ("discriminator_dense_layer", [6.0, float(DENSE)]),
        ("discriminator_loss_from_logits", loss),
        ("discriminator_diagnosis", DIAGNOSIS),
        ("discriminator_diagnosis", {game: finding.upper() for game, finding in DIAGNOSIS.items()}),
    ],
)
def test_right_answer_passes(name, answer, capsys):
    assert getattr(check, name)(answer)
    assert "Correct" in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer, hint",
    [
        (6, "two numbers"),
        ((12, DENSE), "three convolutions"),
        ((36, DENSE), "number of positions"),
        ((7, DENSE), "halve 96"),
        ((6, DENSE - 1024), "has one bias"),
        ((6, 512 * 1024 + 1024), "one position only"),
        ((6, 6 * 512 * 1024), "6 × 6 positions"),
        ((6, 10 * DENSE), "too many"),
        ((6, 10), "too few"),
    ],
)
def test_wrong_size_gets_the_hint_that_fits(answer, hint, capsys):
    assert not check.discriminator_dense_layer(answer)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda real, fake: loss(-real, -fake), "labels are turned round"),
        (lambda real, fake: loss(real, -fake), "Both batches are called real"),
        (lambda real, fake: loss(-real, fake), "Both batches are called drawn"),
        (lambda real, fake: -loss(real, fake), "sign"),
        (lambda real, fake: np.mean(softplus(-real)), "drawings are missing"),
        (lambda real, fake: np.mean(softplus(fake)), "originals are missing"),
        (lambda real, fake: loss(real, fake) / 2, "sum"),
        (lambda real, fake: softplus(-real).sum() + softplus(fake).sum(), "sum over the patches"),
        (lambda real, fake: np.mean([*softplus(-real), *softplus(fake)]), "sizes may differ"),
        (lambda real, fake: softplus(-real), "one number"),
        (lambda real, fake: 7.0, "should be"),
        (by_probability, "np.logaddexp"),
    ],
)
def test_wrong_loss_gets_the_hint_that_fits(answer, hint, capsys):
    assert not check.discriminator_loss_from_logits(answer)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize(
    "changes, hint",
    [
        ({"A": "healthy"}, "Game A"),
        ({"B": "collapsed"}, "Game B"),
        ({"C": "generator wins"}, "Game C"),
        ({"C": "fine"}, "none of the three"),
    ],
)
def test_wrong_diagnosis_gets_the_hint_that_fits(changes, hint, capsys):
    assert not check.discriminator_diagnosis(DIAGNOSIS | changes)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("answer", [..., None])
def test_untouched_stub_is_unanswered(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "Not answered yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer",
    [
        ("discriminator_dense_layer", (..., ...)),
        ("discriminator_loss_from_logits", lambda real, fake: None),
        ("discriminator_diagnosis", {"A": ..., "B": ..., "C": ...}),
        ("discriminator_diagnosis", {}),
    ],
)
def test_half_filled_stub_is_unanswered(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "Not answered yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer", [(NAMES[0], ("six", "many")), (NAMES[1], raising), (NAMES[2], ["collapsed", "healthy"])]
)
def test_answer_that_raises_becomes_a_hint(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "raised" in capsys.readouterr().out
