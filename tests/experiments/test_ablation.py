"""Ablations: equal budgets, trials that see no test photograph, nothing done twice, nothing dropped, and verdicts."""

import dataclasses
import json

import ablation_work
import numpy as np
import pytest

from srlib import config, records
from srlib.data import sources
from srlib.errors import InputError
from srlib.experiments import ablation, plans, task_runner, training_task
from srlib.srgan import generator
from srlib.training import fit
from srlib.upscaling import model_files

RATES = [{"pretrain_learning_rate": rate} for rate in (1e-4, 1e-3, 1e-2)]


@pytest.fixture(autouse=True)
def data(monkeypatch):
    """The bright pictures in place of every data set, and no data root."""
    monkeypatch.delenv("SRLIB_DATA_ROOT", raising=False)
    monkeypatch.setattr(sources, "load", ablation_work.load)
    forget()
    yield
    forget()


def forget():
    for cached in (training_task._images, training_task._validation, ablation._names):
        cached.cache_clear()


def planned(*arms, trials=(), **changes):
    """A plan of arms by name, or {name: settings}, all with the same trials."""
    tables = {name: dict(table) for arm in arms for name, table in ({arm: {}} if isinstance(arm, str) else arm).items()}
    for table in tables.values():
        table.update({"trials": list(trials)} if trials else {})
    values = {"name": "plan", "profile": "smoke", "settings": ablation_work.SETTINGS, "arms": tables}
    return plans.from_dict({**values, "tests": ["set5"], **changes})


def pretended(plan, out, **how):
    """The record of an ablation whose trainings cost nothing."""
    return ablation.run(plan, out, work=ablation_work.pretend, **how)


def asked(out, kind=""):
    """The ids of the tasks that work was begun on, in order."""
    log = out / "ablations" / "plan" / "log"
    return [line for line in log.read_text().splitlines() if line.startswith(kind)]


def verdicts(record, metric="psnr"):
    return {row["arm"]: row["verdict"] for row in record.table("comparisons") if row["metric"] == metric}


def test_every_arm_tries_as_often_and_runs_as_often(tmp_path):
    pretended(planned("adam", "better", trials=RATES), tmp_path)
    for kind, count in (("trial", 3), ("run", 3)):
        for arm in ("adam", "better"):
            assert len(asked(tmp_path, f"{kind}-{arm}-")) == count
    assert len(asked(tmp_path)) == len(set(asked(tmp_path))) == 2 * 6 + 1  # and bicubic once
    assert all("-1000-" in name for name in asked(tmp_path, "trial"))


def test_an_arm_runs_with_the_trial_that_is_best_on_validation(tmp_path):
    record = pretended(planned("adam", "better", trials=RATES), tmp_path)
    trials = [row for row in record.table("trials") if row["arm"] == "better"]
    assert [row["chosen"] for row in trials] == ["", "yes", ""]
    assert [row["val_psnr"] for row in trials] == [29.0, 30.0, 29.0]
    assert {row["settings"] for row in record.table("runs")} == {"pretrain_learning_rate=0.001"}


def test_without_a_choice_there_are_no_trials(tmp_path):
    record = pretended(planned("adam", "better"), tmp_path)
    assert asked(tmp_path, "trial") == record.table("trials") == []


def test_tuning_opens_no_test_photograph(tmp_path, monkeypatch):
    def pretrain(settings, images, *, start, validation, options):
        history = [{"step": 20, "loss": 0.1, "val_psnr": 50.0}]
        return fit.Trained(generator.build(settings).get_weights(), settings, history, 0.5)

    monkeypatch.setattr(fit, "pretrain", pretrain)
    monkeypatch.setattr(sources, "load", ablation_work.sealed)
    record = ablation.run(planned("adam", "twin", trials=RATES[:2], seeds=[0]), tmp_path)
    assert {row["status"] for row in record.table("trials")} == {"done"}
    runs = record.table("runs")
    assert [(row["status"], row["reason"]) for row in runs] == [
        ("failed", "AssertionError: a test photograph was opened")
    ] * 2


def test_what_is_finished_is_never_done_again(tmp_path):
    plan = planned("adam", "better", trials=RATES)
    first = pretended(plan, tmp_path)
    tables = [path.read_text() for path in sorted(first.path.glob("*.csv"))]
    done = asked(tmp_path)
    again = pretended(plan, tmp_path)
    assert asked(tmp_path) == done
    assert [path.read_text() for path in sorted(again.path.glob("*.csv"))] == tables
    assert len(tables) == 6


def test_another_seed_or_arm_costs_only_its_own_runs(tmp_path):
    pretended(planned("adam", "better"), tmp_path)
    before = len(asked(tmp_path))
    pretended(planned("adam", "better", "worse", seeds=[0, 1, 2, 3]), tmp_path)
    new = asked(tmp_path)[before:]
    assert sorted(name.rsplit("-", 1)[0] for name in new) == [
        "run-adam-3",
        "run-better-3",
        *(f"run-worse-{seed}" for seed in range(4)),
    ]


@pytest.mark.parametrize("kind", ["trial", "run", "bicubic"])
def test_an_interrupted_ablation_goes_on_where_it_was(tmp_path, kind):
    plan = planned("adam", "better", trials=RATES)
    stop = tmp_path / "ablations" / "plan" / f"stop-{kind}"
    stop.parent.mkdir(parents=True)
    stop.touch()
    with pytest.raises(KeyboardInterrupt):
        pretended(plan, tmp_path)
    assert records.records(tmp_path) == []
    stop.unlink()
    record = pretended(plan, tmp_path)
    names = asked(tmp_path)
    assert len(names) == len(set(names)) + 1  # the interrupted one was begun twice
    assert record.read("metrics")["done"] == 6


def test_the_verdicts_follow_the_scores(tmp_path):
    found = verdicts(pretended(planned("adam", "twin", "better", "worse"), tmp_path))
    assert found["twin"] == "PSNR on set5: no difference: twin and adam are identical"
    assert found["better"].startswith("PSNR on set5: better beats adam by 0.")
    assert found["worse"].startswith("PSNR on set5: adam beats worse by 0.")


def test_the_reference_may_be_named(tmp_path):
    plan = planned("adam", "better", "worse", reference="better", metrics=["psnr"])
    record = pretended(plan, tmp_path)
    assert set(verdicts(record)) == {"adam", "worse"}
    assert record.read("metrics")["headline"] == "plan: " + "; ".join(verdicts(record).values())


def test_the_record_holds_every_run_image_and_mean(tmp_path):
    record = pretended(planned("adam", "better", tests=["set5", "faces"]), tmp_path)
    assert record.id == "ablation-plan-smoke"
    assert len(record.table("images")) == 2 * 3 * 2 * 6
    scores = [row["psnr"] for row in record.table("images") if (row["arm"], row["test"]) == ("better", "faces")]
    by_seed = np.reshape(scores, (3, 6)).mean(axis=1)
    (row,) = [row for row in record.table("arms") if row["arm"] == "better"]
    assert row["faces_psnr"] == pytest.approx(np.mean(scores))
    assert row["faces_psnr_sd"] == pytest.approx(by_seed.std(ddof=1))
    assert [each["faces_psnr"] for each in record.table("runs")[3:]] == pytest.approx(by_seed)
    assert record.table("arms")[0]["arm"] == "bicubic"
    assert record.read("config")["seeds"] == [0, 1, 2]


def test_holm_counts_every_comparison_of_the_plan(tmp_path):
    record = pretended(planned("adam", "better", "worse", tests=["set5", "faces"]), tmp_path)
    rows = record.table("comparisons")
    assert len(rows) == 2 * 2 * 2
    smallest = min(rows, key=lambda row: row["p"])
    assert smallest["p_holm"] == pytest.approx(8 * smallest["p"])


def test_runs_that_fail_or_diverge_are_counted_shown_and_not_compared(tmp_path):
    record = pretended(planned("adam", "bad", "broken"), tmp_path)
    metrics = record.read("metrics")
    assert [metrics[name] for name in ("done", "collapsed", "diverged", "failed")] == [3, 0, 3, 3]
    arms = {row["arm"]: row for row in record.table("arms")}
    assert (arms["bad"]["diverged"], arms["broken"]["failed"], arms["adam"]["done"]) == (3, 3, 3)
    reasons = {row["arm"]: row["reason"] for row in record.table("runs")}
    assert reasons["bad"] == "loss is nan at step 5"
    assert reasons["broken"].startswith("RuntimeError: no memory in <out>")
    found = verdicts(record)
    assert found["bad"] == "PSNR on set5: adam beats bad: all 3 runs of bad diverged"
    assert found["broken"].startswith("PSNR on set5: no verdict")


def test_a_reference_that_diverged_leaves_the_others_standing(tmp_path):
    found = verdicts(pretended(planned("bad", "adam"), tmp_path))
    assert found["adam"] == "PSNR on set5: adam beats bad: all 3 runs of bad diverged"


def test_only_what_failed_is_tried_again(tmp_path):
    plan = planned("adam", "bad", "broken", seeds=[0])
    for _ in range(2):
        pretended(plan, tmp_path)
    names = [name.rsplit("-", 1)[0] for name in asked(tmp_path)]
    assert sorted(names) == ["bicubic-bicubic-0", "run-adam-0", "run-bad-0", "run-broken-0", "run-broken-0"]


def test_adversarial_arms_of_a_seed_start_from_one_pixel_training(tmp_path, monkeypatch):
    given = {}

    def work(task, folder):
        given[task.id] = task
        return ablation_work.pretend(task, folder)

    plan = planned(
        {"adam": {}, "better": {"content_loss": "mae"}}, trials=RATES, seeds=[0, 1], phase="adversarial", start="pixel"
    )
    ablation.run(plan, tmp_path, work=work)
    starts = {task.config.seed: task for task in given.values() if task.kind == "start"}
    assert set(starts) == {0, 1, 1000}
    assert {task.phase for task in starts.values()} == {"pixel"}
    assert {task.config.content_loss for task in starts.values()} == {"mse"}
    others = [task for task in given.values() if task.kind in ("trial", "run")]
    assert len(others) == 2 * (3 + 2)
    assert all(task.start == starts[task.config.seed].id and task.phase == "adversarial" for task in others)


def test_the_balance_of_the_two_networks_is_on_record(tmp_path):
    plan = planned("adam", "bad", phase="adversarial", start="pixel")
    bicubic, adam, bad = pretended(plan, tmp_path).table("arms")
    found = [adam[name] for name in ("d_real", "d_real_sd", "d_fake", "d_fake_sd")]
    assert found == pytest.approx([0.6, 0.1, 0.25, 0.0])
    assert all(np.isnan(row["d_real"]) for row in (bicubic, bad))
    assert "d_real" not in pretended(planned("adam", "twin", name="pixel"), tmp_path).table("arms")[0]


def test_arms_may_start_from_a_model(tmp_path):
    plan = planned("adam", "better", phase="adversarial", start="pixel")
    settings = plan.start_config(0)
    path = tmp_path / "model.npz"
    model_files.save(path, generator.build(settings), config=settings)
    pretended(dataclasses.replace(plan, start=str(path)), tmp_path)
    assert asked(tmp_path, "start") == []
    other = {**ablation_work.SETTINGS, "generator_blocks": 2}
    with pytest.raises(InputError, match="its generator_blocks is 1, the training's 2"):
        pretended(dataclasses.replace(plan, start=str(path), settings=other), tmp_path)


def test_the_arms_of_a_seed_differ_in_nothing_but_their_settings(tmp_path):
    given = []

    def work(task, folder):
        given.append(task)
        return ablation_work.pretend(task, folder)

    ablation.run(planned({"adam": {}, "better": {"optimizer": "adabelief"}}), tmp_path, work=work)
    runs = [task.config for task in given if task.kind == "run"]
    for seed in (0, 1, 2):
        one, other = (dataclasses.asdict(each) for each in runs if each.seed == seed)
        assert {name for name in one if one[name] != other[name]} == {"optimizer"}


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"optimizer": "adamm"}, "arms.twin: unknown optimizer 'adamm'"),
        ({"content_loss": "mso"}, "arms.twin: unknown content loss 'mso'"),
        ({"schedule": "linear"}, "arms.twin: unknown schedule 'linear'"),
        ({"precision": "half"}, "arms.twin: unknown precision 'half'"),
    ],
)
def test_a_name_that_stands_for_nothing_is_refused_before_any_work(tmp_path, settings, message):
    with pytest.raises(InputError, match=message):
        pretended(planned({"adam": {}, "twin": settings}), tmp_path)
    assert not (tmp_path / "ablations").exists()


def test_a_start_that_is_not_there_is_named_with_its_key(tmp_path):
    with pytest.raises(InputError, match="start: unknown model 'srgam'"):
        pretended(planned("adam", "twin", phase="adversarial", start="srgam"), tmp_path)


def test_data_that_are_not_there_are_named_with_their_key(tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.delenv("SRLIB_DATA_ROOT", raising=False)
    with pytest.raises(InputError, match="tests: unknown data set 'sett5'"):
        pretended(planned("adam", "twin", tests=["sett5"], settings={"train_data": "embedded"}), tmp_path)
    with pytest.raises(InputError, match="arms.twin: data set 'faces' needs a data root"):
        arms = {"adam": {"train_data": "embedded"}, "twin": {"train_data": "faces"}}
        pretended(planned(arms, tests=["embedded"]), tmp_path)


def test_other_pictures_are_other_runs(tmp_path, monkeypatch):
    pretended(planned("adam", "better", seeds=[0]), tmp_path)
    forget()
    monkeypatch.setitem(ablation_work.COUNTS, "train", 5)
    pretended(planned("adam", "better", seeds=[0]), tmp_path)
    assert len(asked(tmp_path, "run-adam-0-")) == len(set(asked(tmp_path, "run-adam-0-"))) == 2


def test_workers_bring_the_same_record(tmp_path):
    pytest.importorskip("distributed", reason="needs Dask: pip install -e '.[cluster]'")
    plan = planned("adam", "bad", "broken", trials=RATES[:2])
    alone, together = (pretended(plan, tmp_path / name, workers=count) for name, count in (("1", 0), ("2", 2)))
    for table in ("comparisons", "arms", "runs", "trials", "images"):
        assert json.dumps(alone.table(table)) == json.dumps(together.table(table))
    assert sorted(asked(tmp_path / "1")) == sorted(asked(tmp_path / "2"))


def test_twins_do_not_differ_and_an_arm_that_cannot_learn_is_worse(tmp_path):
    still = {"still": {"pretrain_learning_rate": 0.0}}
    plan = planned("adam", "twin", still, metrics=["psnr"], collapse=100)
    record = ablation.run(plan, tmp_path)
    assert record.read("metrics")["done"] == 9
    found = verdicts(record)
    assert found["twin"].startswith(("PSNR on set5: no difference: ", "PSNR on set5: no difference that matters: "))
    assert found["still"].startswith("PSNR on set5: adam beats still by ")
    folders = list((tmp_path / "ablations" / "plan").glob("run-*/result.json"))
    assert len(folders) == 9
    assert not list((tmp_path / "ablations" / "plan").glob("*/scratch"))
    assert {task_runner.read(path.parent.parent, path.parent.name)["status"] for path in folders} == {"done"}
    assert config.Config(**model_files.header(next(path.parent for path in folders) / "model.npz")["config"]).batch == 2
