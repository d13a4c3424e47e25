"""Answers to the exercises of notebook 03."""

import numpy as np
from course.check.planted.exercise import Exercise, fails

DENSE = 6 * 6 * 512 * 1024 + 1024
DIAGNOSIS = {"A": "collapsed", "B": "generator wins", "C": "healthy"}


def softplus(x):
    return np.logaddexp(0, x)


def loss(real, fake):
    """The right answer."""
    return np.mean(softplus(-real)) + np.mean(softplus(fake))


def by_probability(real, fake):
    """Right on paper, infinite for large logits."""
    return -np.mean(np.log(1 / (1 + np.exp(-real)))) - np.mean(np.log(1 - 1 / (1 + np.exp(-fake))))


EXERCISES = {
    "discriminator_dense_layer": Exercise(
        right=[(6, DENSE), [6.0, float(DENSE)]],
        mistakes=[
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
        raising=[(("six", "many"), "ValueError")],
        unfinished=[(..., ...)],
    ),
    "discriminator_loss_from_logits": Exercise(
        right=[loss],
        mistakes=[
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
        raising=[(fails, "ZeroDivisionError: planted")],
    ),
    "discriminator_diagnosis": Exercise(
        right=[DIAGNOSIS, {game: finding.upper() for game, finding in DIAGNOSIS.items()}],
        mistakes=[
            (DIAGNOSIS | {"A": "healthy"}, "Game A"),
            (DIAGNOSIS | {"B": "collapsed"}, "Game B"),
            (DIAGNOSIS | {"C": "generator wins"}, "Game C"),
            (DIAGNOSIS | {"C": "fine"}, "none of the three"),
        ],
        raising=[(["collapsed", "healthy"], "AttributeError")],
        unfinished=[{}],
    ),
}
