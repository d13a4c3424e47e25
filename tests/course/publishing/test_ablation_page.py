"""The page of the ablations on record: what it says, and the figures beside it."""

import io

import pytest
from PIL import Image

from srlib.course.publishing import ablation_page
from srlib.experiments import analysis, plans

TABLE = {"name": "two", "about": "Which one?", "seeds": [0, 1], "tests": ["set5"], "metrics": ["psnr", "ssim"]}
TRIALS = [{"pretrain_learning_rate": rate} for rate in (1e-3, 2e-3)]


def run(psnr, ssim):
    """The result of a run on one image."""
    return {
        "status": "done",
        "reason": "",
        "seconds": 900.0,
        "scores": {"set5": [{"image": "a", "psnr": psnr, "ssim": ssim}]},
    }


@pytest.fixture
def records(tmp_path):
    """An output root with the record of an ablation: belief is 2 dB better than adam on every seed."""
    plan = plans.from_dict({**TABLE, "arms": {name: {"trials": TRIALS} for name in ("adam", "belief")}})
    runs = {("adam", seed): run(30.0 + seed / 2, 0.8) for seed in (0, 1)}
    runs |= {("belief", seed): run(32.0 + seed / 2, 0.8) for seed in (0, 1)}
    trials = {
        (arm, number): {"status": "done", "val_psnr": 25.0 + number} for arm in ("adam", "belief") for number in (0, 1)
    }
    chosen = {"adam": 1, "belief": 1}
    runs[analysis.BICUBIC] = run(28.0, 0.7)
    analysis.record(plan, runs, trials=trials, chosen=chosen, out=tmp_path, root=None)
    return tmp_path


def test_the_page_holds_question_origin_verdicts_doubts_and_every_arm(records):
    page = ablation_page.write(records)
    assert page == records / "tables" / "ablations.md"
    text = page.read_text()
    assert "## two\n\nWhich one?\n" in text
    assert "`srlib ablate two --data-root DIR --out results`" in text and "4 runs" in text
    assert "belief did best at the largest pretrain_learning_rate that it tried, 0.002" in text
    verdict = next(line for line in text.splitlines() if line.startswith("- PSNR on set5: "))
    assert "belief" in verdict and "2" in verdict
    assert "| bicubic |  | 28.00 | 0.7000 |" in text
    assert "| adam | pretrain_learning_rate=0.002 | 30.25 | 0.8000 |" in text


def test_each_test_set_and_metric_has_a_figure_whose_alt_text_is_its_verdict(records):
    text = ablation_page.write(records).read_text()
    for metric in ("psnr", "ssim"):
        name = f"ablation-two-cpu-set5-{metric}.png"
        shown = next(line for line in text.splitlines() if line.endswith(f"](../figures/{name})"))
        assert shown.startswith(f"![{metric.upper()} on set5: ")
        picture = Image.open(io.BytesIO((records / "figures" / name).read_bytes()))
        assert picture.format == "PNG" and min(picture.size) > 150


def test_without_records_nothing_is_written(tmp_path):
    assert ablation_page.write(tmp_path) is None
    assert not list(tmp_path.iterdir())
