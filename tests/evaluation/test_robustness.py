"""The robustness grid: its cells are what the evaluator says of the damaged input."""

import numpy as np
import pytest

from srlib.data import sources
from srlib.data.degradation import numpy_reference
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


def psnr(rows, model, cell):
    """What a model scores on each image in one cell of the grid."""
    return [row["psnr"] for row in rows if (row["model"], row["kind"], row["strength"]) == (model, *cell)]


def test_the_clean_cell_is_the_evaluators_own_figure(photos):
    rows = robustness.grid({"bicubic": bicubic.upscale}, photos, cells=[robustness.CLEAN])
    scores = protocol.evaluate(bicubic.upscale, photos)
    assert [(row["image"], row["psnr"], row["ssim"]) for row in rows] == [
        (score.image, pytest.approx(score.psnr), pytest.approx(score.ssim)) for score in scores
    ]


def test_a_cell_scores_the_damaged_input(photos):
    (row, _) = robustness.grid({"bicubic": bicubic.upscale}, photos, cells=[("jpeg", 3)])
    original, _ = protocol.pair(photos[0])
    lr = numpy_reference.degrade(original.rgb, "jpeg", strength=3)
    assert (row["psnr"], row["ssim"]) == pytest.approx(protocol.score(original, bicubic.upscale(lr)))


def test_every_model_sees_the_same_noise_and_every_image_its_own(photos):
    seen = {"a": [], "b": []}
    upscalers = {name: lambda lr, name=name: seen[name].append(lr) or bicubic.upscale(lr) for name in seen}
    same = [photos[0], sources.Photo("other", photos[0].load)]
    robustness.grid(upscalers, same, cells=[("noise", 2)])
    assert all(np.array_equal(one, other) for one, other in zip(*seen.values()))
    assert not np.array_equal(*seen["a"])


def test_the_whole_grid_has_every_kind_strength_model_and_image(photos):
    rows = robustness.grid(MODELS, photos)
    assert len(rows) == 2 * 2 * (1 + 5 * 3)
    cells = robustness.summary(rows)
    assert len(cells) == 2 * 16
    assert {cell["images"] for cell in cells} == {2}
    mix = psnr(rows, "bicubic", ("mix", 2))
    (cell,) = (cell for cell in cells if (cell["model"], cell["kind"], cell["strength"]) == ("bicubic", "mix", 2))
    assert cell["psnr"] == pytest.approx(np.mean(mix))
    assert cell["psnr_low"] < cell["psnr"] < cell["psnr_high"]


def test_the_table_and_the_words_of_the_figure_say_the_same(photos):
    rows = robustness.grid(MODELS, photos, cells=[robustness.CLEAN, ("resampler", 1), ("blur", 3)])
    table = robustness.table(rows)
    assert [line["input"] for line in table] == ["clean", "resampler: area", "blur 3"]
    assert table[2]["bicubic"] < table[0]["bicubic"]
    assert table[0]["softer"] < table[0]["bicubic"]
    words = robustness.alt(rows)
    assert all(f"{name} {line[name]:.1f} dB" in words for line in table for name in MODELS)


def test_the_record_gives_the_grid_back(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(robustness.upscaler, "load", MODELS.get)
    record = robustness.measure(["softer"], sources.ImageSet("folder", "test", tuple(photos)), limit=1, out=tmp_path)
    assert record.id == "robustness-folder"
    assert {name: record.read("config")[name] for name in ("models", "data", "limit", "seed")} == {
        "models": ["bicubic", "softer"],
        "data": "folder",
        "limit": 1,
        "seed": 0,
    }
    rows = record.table("images")
    assert len(rows) == 2 * 16
    assert [line["input"] for line in robustness.table(rows)][:3] == ["clean", "blur 1", "blur 2"]
    middle = np.mean([psnr(rows, "softer", cell) for cell in robustness.MIDDLE])
    assert f"softer {middle:.2f} dB" in record.read("metrics")["headline"]
    assert "degradations" in record.read("config")["protocol"]
    assert len(record.table("cells")) == 32
