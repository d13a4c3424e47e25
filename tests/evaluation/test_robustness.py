"""The robustness grid: its cells are what the evaluator says of the damaged input, its comparisons are paired."""

import numpy as np
import pytest

from srlib.data import sources
from srlib.data.degradation import numpy_reference
from srlib.errors import InputError
from srlib.evaluation import protocol, robustness
from srlib.imaging import bicubic, pictures


@pytest.fixture
def photos(photograph):
    photographs = {"one": photograph[:48, :48], "two": photograph[48:, 60:108]}
    return [sources.Photo(name, lambda rgb=rgb: pictures.Picture(rgb)) for name, rgb in photographs.items()]


def softer(lr):
    """A worse upscaler: bicubic of half the contrast."""
    return (bicubic.upscale(lr) // 2 + 64).astype(np.uint8)


MODELS = {"bicubic": bicubic.upscale, "softer": softer}


def test_the_clean_cell_is_the_evaluators_own_figure(photos):
    rows = robustness.grid({"bicubic": bicubic.upscale}, photos, [robustness.CLEAN])
    scores = protocol.evaluate(bicubic.upscale, photos)
    assert [(row["image"], row["psnr"], row["ssim"]) for row in rows] == [
        (score.image, pytest.approx(score.psnr), pytest.approx(score.ssim)) for score in scores
    ]


def test_a_cell_scores_the_damaged_input(photos):
    (row, _) = robustness.grid({"bicubic": bicubic.upscale}, photos, [("jpeg", 3)])
    original, _ = protocol.pair(photos[0])
    lr = numpy_reference.degrade(original.rgb, "jpeg", 3)
    assert (row["psnr"], row["ssim"]) == pytest.approx(protocol.score(original, bicubic.upscale(lr)))


def test_every_model_sees_the_same_noise_and_every_image_its_own(photos):
    seen = {"a": [], "b": []}
    upscalers = {name: lambda lr, name=name: seen[name].append(lr) or bicubic.upscale(lr) for name in seen}
    same = [photos[0], sources.Photo("other", photos[0].load)]
    robustness.grid(upscalers, same, [("noise", 2)], seed=5)
    assert all(np.array_equal(one, other) for one, other in zip(*seen.values()))
    assert not np.array_equal(*seen["a"])


def test_the_whole_grid_has_every_kind_strength_model_and_image(photos):
    rows = robustness.grid(MODELS, photos)
    assert len(rows) == 2 * 2 * (1 + 5 * 3)
    cells = robustness.summary(rows)
    assert len(cells) == 2 * 16
    assert {cell["images"] for cell in cells} == {2}
    mix = robustness.values(rows, "bicubic", ("mix", 2))
    (cell,) = (cell for cell in cells if (cell["model"], cell["kind"], cell["strength"]) == ("bicubic", "mix", 2))
    assert cell["psnr"] == pytest.approx(np.mean(list(mix.values())))
    assert cell["psnr_low"] < cell["psnr"] < cell["psnr_high"]


def hand_made(model, values):
    return [
        {"model": model, "kind": kind, "strength": 2, "image": image, "psnr": psnr, "ssim": 0.5}
        for kind, images_ in values.items()
        for image, psnr in images_.items()
    ]


def test_models_are_compared_image_by_image_over_the_cells():
    ours = hand_made("a", {"blur": {"x": 30.0, "y": 25.0}, "noise": {"x": 28.0, "y": 21.0}})
    theirs = hand_made("b", {"blur": {"x": 29.0, "y": 24.5}, "noise": {"x": 26.0, "y": 20.5}})
    cells = [("blur", 2), ("noise", 2)]
    mean, low, high = robustness.compare(ours + theirs, "a", "b", cells)
    assert mean == pytest.approx((1.5 + 0.5) / 2)
    assert low < 1 < high
    with pytest.raises(InputError, match="no images in common under noise 2"):
        robustness.compare(ours + theirs[:-1], "a", "b", cells)


def test_the_table_and_the_words_of_the_figure_say_the_same(photos):
    rows = robustness.grid(MODELS, photos, [robustness.CLEAN, ("resampler", 1), ("blur", 3)])
    table = robustness.table(rows)
    assert [line["input"] for line in table] == ["clean", "resampler: area", "blur 3"]
    assert table[2]["bicubic"] < table[0]["bicubic"]
    assert table[0]["softer"] < table[0]["bicubic"]
    words = robustness.alt(rows)
    assert all(f"{name} {line[name]:.1f} dB" in words for line in table for name in MODELS)


def test_the_record_gives_the_grid_back(photos, tmp_path, monkeypatch):
    given = sources.ImageSet("folder", "test", tuple(photos))
    monkeypatch.setattr(sources, "load", lambda name, split, root: given)
    monkeypatch.setattr(robustness.upscaler, "load", lambda name: softer)
    record = robustness.measure(["softer"], out=tmp_path, data="folder", limit=1)
    rows = record.table("images")
    assert len(rows) == 2 * 16
    assert [line["input"] for line in robustness.table(rows)][:3] == ["clean", "blur 1", "blur 2"]
    middle = np.mean([robustness.values(rows, "softer", cell)["one"] for cell in robustness.MIDDLE])
    assert f"softer {middle:.2f} dB" in record.read("metrics")["headline"]
    assert "degradations" in record.read("config")["protocol"]
    assert len(record.table("cells")) == 32
