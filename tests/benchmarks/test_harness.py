"""Timings beside peers: ratios by hand, turns, the table and the projection."""

import json
import shutil
import sys
import types

import harness
import numpy as np
import pytest
from click import testing

from srlib import config
from srlib.errors import InputError


def test_a_ratio_is_the_median_over_rounds_of_their_time_by_ours():
    row = harness.row("step", "plain", ours=np.array([1.0, 2.0, 4.0]), theirs=np.array([3.0, 4.0, 40.0]))
    assert (row["ratio"], row["seconds"], row["peer_seconds"]) == (3.0, 2.0, 4.0)


def test_a_cost_is_ours_by_theirs():
    row = harness.cost("AdaBelief", "Adam", ours=np.array([1.02, 1.02]), theirs=np.array([1.0, 1.0]), limit=1.05)
    assert row["ratio"] == pytest.approx(1.02)
    assert (row["seconds"], row["peer_seconds"], row["limit"]) == (1.02, 1.0, 1.05)


def test_functions_take_turns_after_one_call_of_each():
    calls = []
    seconds = harness.interleaved({name: lambda name=name: calls.append(name) for name in "ab"}, 3)
    assert "".join(calls) == "ab" + "ab" + "ba" + "ab"
    assert {name: len(values) for name, values in seconds.items()} == {"a": 3, "b": 3}
    assert all(value >= 0 for values in seconds.values() for value in values)


def test_operations_of_the_published_step_by_hand():
    # Multiply-adds of one 24 × 24 LR patch, in millions: k9n64, 33 k3n64, two k3n256 at 24 and 48, k9n3 at 96.
    pixels = 24 * 24
    forward = pixels * (81 * 3 * 64 + 33 * 9 * 64 * 64 + 9 * 64 * 256 + 4 * 9 * 64 * 256 + 16 * 81 * 64 * 3)
    assert harness.generator_operations(config.Config()) == 3 * 2 * 16 * forward


def test_the_table_says_what_was_asked_and_measured_on_what():
    environment = {
        "processor": "Processor",
        "cores": 2,
        "commit": "abc",
        "time": "2026-01-02T03:04:05",
        "packages": {"keras": "3"},
    }
    rows = [
        harness.row("step", "plain", ours=0.5, theirs=1.5, asked=(1.8, 3.0)),
        harness.cost("belief", "Adam", ours=1.04, theirs=1.0, limit=1.05),
        harness.share("step", "limit", part=0.512, asked=(0.45, 0.65), note="1 TFLOP/s"),
        harness.share("step", "limit", part=0.25, note="40 steps a second"),
    ]
    lines = harness.table({"training": {**environment, "rows": rows}}).splitlines()
    assert lines[2] == "| step | plain | 3.0× as fast | ≥ 1.8× | ≥ 3× | 500 ms | 1.50 s |  |"
    assert lines[3] == "| belief | Adam | 1.04 of its time | ≤ 1.05 |  | 1.04 s | 1.00 s |  |"
    assert lines[4] == "| step | limit | 51% | 45% | 65% |  |  | 1 TFLOP/s |"
    assert lines[5] == "| step | limit | 25% |  |  |  |  | 40 steps a second |"
    assert lines[-1] == "Measured on Processor, 2 cores, keras 3, commit abc, 2026-01-02."


def test_a_case_measured_again_takes_its_place(tmp_path):
    path = tmp_path / "bench.json"
    for ratio in (1.0, 2.0):
        harness.record(path, "training", [harness.row("step", "plain", ours=1.0, theirs=ratio)])
        harness.record(path, "upscaling", [harness.row("tile", "whole", ours=1.0, theirs=5.0)])
    recorded = json.loads(path.read_text())
    assert [recorded[name]["rows"][0]["ratio"] for name in ("training", "upscaling")] == [2.0, 5.0]
    assert recorded["training"]["cores"] >= 1


def test_operations_of_the_published_game_by_hand():
    # Multiply-adds of the discriminator on one 96 px picture: eight convolutions, two dense layers.
    pairs = [(3, 64, 96), (64, 64, 48), (64, 128, 48), (128, 128, 24)]
    pairs += [(128, 256, 24), (256, 256, 12), (256, 512, 12), (512, 512, 6)]
    forward = sum(9 * below * above * side**2 for below, above, side in pairs) + 512 * 36 * 1024 + 1024
    settings = config.Config()
    game = harness.adversarial_operations(settings) - harness.generator_operations(settings)
    assert game == 7 * 2 * 16 * forward


def test_the_projection_by_hand():
    settings = config.Config(pretrain_steps=1000, gan_steps=100, batch=4, hr_patch=84)
    here, t4, *others = harness.projection((0.5, 2.0), 0.5, config=settings, drawn=6000)
    assert here == {
        "machine": "this machine, measured",
        "hours": pytest.approx(2 * (1000 * 0.5 + 100 * 2.0) / 3600),
        "patches": 8.0,
        "megabytes": pytest.approx(4 * 100 * 100 * 3 / 0.5 / 1e6),
        "limit": "arithmetic",
    }
    # A T4 has 65e12 operations a second at its peak.
    pixel, game = (
        count(settings) / 32.5e12 for count in (harness.generator_operations, harness.adversarial_operations)
    )
    assert t4["hours"] == pytest.approx(2 * (1000 * pixel + 100 * game) / 3600)
    assert t4["machine"] == "one T4, at 50% of its peak"
    # Eight H100 wait for their batches of four, in both phases.
    assert (others[-1]["patches"], others[-1]["limit"]) == (6000, "drawing patches in one process")
    assert others[-1]["hours"] == pytest.approx(2 * (1000 + 100) * 4 / 6000 / 3600)


def test_storage_is_pixels_times_three():
    assert harness.storage() == {
        "COCO": pytest.approx(109.01, abs=0.01),
        "FFHQ": pytest.approx(220.20, abs=0.01),
    }


def test_an_unknown_case_is_bad_usage_in_the_program_too():
    with pytest.raises(InputError, match="'trainin'.*did you mean 'training'"):
        list(harness.run(["trainin"]))
    outcome = testing.CliRunner().invoke(harness.main, ["--only", "training,upscalin"])
    assert (outcome.exit_code, "did you mean 'upscaling'?" in outcome.output) == (2, True)


def test_every_case_is_a_program_that_measures(repository):
    for name in harness.CASES + harness.ON_REQUEST:
        assert "def measure(rounds):" in (repository / "benchmarks" / f"{name}.py").read_text()


def test_the_program_records_the_rows_and_draws_the_tables(monkeypatch, tmp_path):
    (tmp_path / "results").mkdir()
    shutil.copy(harness.FOLDER / "results" / "data_store.json", tmp_path / "results")
    parts = ("table", "projection")
    (tmp_path / "README.md").write_text("".join(f"<!-- {each} -->\n<!-- end of {each} -->\n" for each in parts))
    case = types.SimpleNamespace(measure=lambda rounds: [harness.row("step", "plain", ours=1.0, theirs=rounds)])
    monkeypatch.setitem(sys.modules, "training", case)
    monkeypatch.setattr(harness, "FOLDER", tmp_path)
    outcome = testing.CliRunner().invoke(harness.main, ["--only", "training", "--rounds", "3"])
    assert outcome.exit_code == 0, outcome.output
    assert "| step | plain | 3.0× as fast |" in (tmp_path / "README.md").read_text()
    assert json.loads((tmp_path / "results" / "bench.json").read_text())["training"]["rows"][0]["ratio"] == 3.0


def test_matrix_products_are_products():
    one, other = (np.random.default_rng(seed).normal(size=(32, 32)) for seed in (0, 1))
    assert harness.matmul("float32", 32)() == pytest.approx((one @ other)[0, 0], rel=1e-4)
