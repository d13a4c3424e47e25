"""Searches for settings: what a trial is told, when a training ends early, and that interruptions change nothing."""

import dataclasses
import math

import optuna
import pytest
from optuna.trial import TrialState

from srlib.data import sources
from srlib.experiments import search
from srlib.imaging import pictures
from srlib.training import fit


class Patient(optuna.trial.FixedTrial):
    """Stands in for a trial: keeps the reports, gives up at the report number `end`."""

    def __init__(self, end=None):
        super().__init__({})
        self.reports, self._end = [], end

    def report(self, value, step):
        self.reports.append((step, value))

    def should_prune(self):
        return len(self.reports) == self._end


@pytest.fixture
def train(photograph, small):
    """A function of a trial that trains six steps with a score every second one: the history and the reports."""

    def run(trial):
        photo = sources.Photo("held-out", lambda: pictures.Picture(photograph[20:52, 50:90]))
        reports = search.Reports(trial)
        settings = small(pretrain_steps=6, log_every=2)
        trained = fit.pretrain(
            settings, [photograph[:48, :48]], validation=[photo], options=fit.RunOptions(callbacks=[reports])
        )
        return trained.history, reports

    return run


def test_a_trial_is_told_the_validation_scores_at_their_steps(train):
    history, reports = train(trial := Patient())
    assert trial.reports == [(row["step"], row["val_psnr"]) for row in history]
    assert [step for step, _ in trial.reports] == [2, 4, 6]
    assert reports.result() == history[-1]["val_psnr"]


def test_a_training_ends_when_the_pruner_gives_it_up(train):
    history, reports = train(Patient(end=2))
    assert [row["step"] for row in history] == [2, 4]
    with pytest.raises(optuna.TrialPruned):
        reports.result()


def test_the_next_training_is_not_touched_by_one_that_was_given_up(train):
    straight = [row["val_psnr"] for row in train(Patient())[0]]
    train(Patient(end=1))
    assert [row["val_psnr"] for row in train(Patient())[0]] == straight


@dataclasses.dataclass
class Model:
    stop_training: bool = False


def test_a_training_that_diverged_is_given_up_whatever_the_pruner_says():
    trial = Patient()
    reports = search.Reports(trial)
    reports.set_model(Model())
    reports.set_params({"steps": 5})
    reports.on_epoch_end(0, {"loss": 0.5})  # within an interval: nothing to report
    reports.on_epoch_end(1, {"loss": math.nan, "val_psnr": 20.0})  # the score of what a NaN was rounded to
    assert reports.model.stop_training
    ((step, value),) = trial.reports
    assert step == 10 and math.isnan(value)
    with pytest.raises(optuna.TrialPruned):
        reports.result()


def parabola(trial):
    """Best at x = 1e-3; two reports, from which half of the trials can be pruned."""
    score = -((math.log10(trial.suggest_float("x", 1e-5, 1e-1, log=True)) + 3) ** 2)
    trial.suggest_categorical("name", ["a", "b"])
    trial.report(score, 1)
    if trial.should_prune():
        raise optuna.TrialPruned
    return score


def never(trial):
    raise AssertionError("a trial was done again")


def proposals(study):
    return [(trial.params, trial.state, trial.value) for trial in search.finished(study)]


@pytest.fixture
def pruner():
    return optuna.pruners.MedianPruner(n_startup_trials=3)


def test_an_interrupted_search_proposes_what_it_would_have_proposed(tmp_path, pruner):
    whole = search.search(parabola, 14, path=tmp_path / "whole.sqlite", seed=5, pruner=pruner)
    path = tmp_path / "ein Ordner für 100 %" / "parts.sqlite"

    def killed(trial):
        trial.suggest_float("x", 1e-5, 1e-1, log=True)
        raise KeyboardInterrupt

    search.search(parabola, 4, path=path, seed=5, pruner=pruner)
    with pytest.raises(KeyboardInterrupt):
        search.search(killed, 5, path=path, seed=5, pruner=pruner)
    search.search(parabola, 11, path=path, seed=5, pruner=pruner)
    parts = search.search(parabola, 14, path=path, seed=5, pruner=pruner)
    assert path.exists()
    assert proposals(parts) == proposals(whole)
    assert {TrialState.COMPLETE, TrialState.PRUNED} == {state for _, state, _ in proposals(parts)}


def test_a_finished_search_is_not_done_again(tmp_path):
    one = search.search(parabola, 3, path=tmp_path / "study.sqlite")
    assert proposals(search.search(never, 3, path=tmp_path / "study.sqlite")) == proposals(one)


def test_a_trial_that_a_dead_process_left_is_no_result(tmp_path):
    path = tmp_path / "study.sqlite"
    study = search.search(parabola, 2, path=path)
    study.ask()  # begun, and never told
    study = search.search(parabola, 3, path=path)
    assert len(search.finished(study)) == 3
    assert [trial.state for trial in study.trials if trial not in search.finished(study)] == [TrialState.FAIL]


def test_the_first_proposals_depend_on_the_seed_alone_and_those_after_on_what_was_found(tmp_path):
    def reversed_parabola(trial):
        return -parabola(trial)

    count = search.RANDOM_FIRST + 2
    one, other = (search.search(each, count, path=tmp_path / each.__name__) for each in (parabola, reversed_parabola))
    another = search.search(parabola, 1, path=tmp_path / "another", seed=1)
    one, other, another = ([trial.params for trial in search.finished(study)] for study in (one, other, another))
    assert one[: search.RANDOM_FIRST] == other[: search.RANDOM_FIRST]
    assert one[search.RANDOM_FIRST :] != other[search.RANDOM_FIRST :]
    assert another[0] != one[0]
