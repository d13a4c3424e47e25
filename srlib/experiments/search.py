"""Search for settings with Optuna: validation scores for its pruner, and a search that goes on where it was.

A study lives in an SQLite file. Optuna keeps the finished trials there, but not the state of the random numbers that
it proposes with: a study that is simply opened again proposes the settings of its first trials once more. Here each
proposal is drawn from the seed and the number of trials before it, so that it makes no difference how often a search
was interrupted.
"""

import math
import pathlib
from collections.abc import Callable, Mapping

import keras
import numpy as np
import optuna
import tqdm
from optuna.trial import TrialState

from srlib.files import PathLike

RANDOM_FIRST = 8  # trials drawn evenly before the sampler learns from those that are there
Objective = Callable[[optuna.trial.Trial], float]


class Reports(keras.callbacks.Callback):
    """Callback that tells an Optuna trial each validation score, and ends a training that the pruner gives up.

    Give it to `fit.pretrain` in the `callbacks` of its `RunOptions`, with validation photographs, and end the objective
    with `result()`.

    Args:
        trial: that of the training.
    """

    def __init__(self, trial: optuna.trial.BaseTrial) -> None:
        super().__init__()
        self._trial, self._score, self._given_up = trial, math.nan, False

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Report the score of an interval that ends here."""
        if "val_psnr" not in logs:  # only the end of an interval has one
            return
        finite = all(math.isfinite(value) for value in logs.values())
        self._score = logs["val_psnr"] if finite else math.nan
        self._trial.report(self._score, (epoch + 1) * self.params["steps"])
        self._given_up = not finite or self._trial.should_prune()
        self.model.stop_training = self._given_up

    def result(self) -> float:
        """The last validation score in dB, for the objective to return.

        Raises:
            optuna.TrialPruned: the training was given up, or diverged.
        """
        if self._given_up:
            raise optuna.TrialPruned
        return self._score


def search(
    objective: Objective, trials: int, *, path: PathLike, seed: int = 0, pruner: optuna.pruners.BasePruner | None = None
) -> optuna.Study:
    """Do those of a study's trials that are not done yet; after an interruption, the same call goes on.

    The proposals are those of the Tree-structured Parzen Estimator, the first `RANDOM_FIRST` of them drawn evenly.

    Args:
        objective: returns the score of a trial, the larger the better, and may raise `optuna.TrialPruned`.
        trials: how many there shall be in the end, pruned ones counted.
        path: the SQLite file, made if it is not there.
        seed: of the proposals.
        pruner: gives up hopeless trials; None for none.

    Source: Bergstra, Bardenet, Bengio and Kégl, "Algorithms for hyper-parameter optimization", NIPS 2011; Akiba et
    al., "Optuna: a next-generation hyperparameter optimization framework", KDD 2019.
    """
    study = _opened(path, pruner or optuna.pruners.NopPruner())
    for number in tqdm.trange(len(finished(study)), trials, desc="trials", disable=len(finished(study)) >= trials):
        study.sampler = _sampler(seed, number)
        study.optimize(objective, n_trials=1)
    return study


def finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """The trials of a study that came to an end, pruned or not, in their order."""
    return study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))


def _opened(path, pruner):
    """The study in a file; trials that a dead process left running are marked as failed."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=f"sqlite:///{path}", study_name=path.stem, direction="maximize", pruner=pruner, load_if_exists=True
    )
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def _sampler(seed, number):
    """The sampler of one proposal, with random numbers of its own."""
    own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    return optuna.samplers.TPESampler(n_startup_trials=RANDOM_FIRST, seed=own)
