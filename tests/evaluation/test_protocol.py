"""Measuring: the named protocol on small pictures, worked by hand."""

import numpy as np
import pytest

from srlib.data import sources
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.imaging import bicubic, metrics, pictures


def level(value, side=20):
    return np.full((side, side, 3), value, np.uint8)


def photo(name, picture):
    return sources.Photo(name, lambda: picture)


def test_colour_is_scored_on_studio_range_luma():
    # Ten levels of grey are 10 · 219 / 255 = 8.588 of Y.
    assert protocol.score(pictures.Picture(level(100)), level(110))[0] == pytest.approx(29.4526, abs=1e-3)


def test_a_grey_original_is_scored_on_its_grey_values():
    assert protocol.score(pictures.Picture(level(100), grey=True), level(110))[0] == pytest.approx(28.1308, abs=1e-3)


def test_the_grey_of_a_coloured_result_is_its_rounded_mean():
    sr = level(100)
    sr[..., 1] = 131  # mean 110.33
    assert protocol.score(pictures.Picture(level(100), grey=True), sr)[0] == pytest.approx(28.1308, abs=1e-3)


def test_ssim_is_that_of_luma_without_the_border(noise):
    one, other = noise(30, 24), noise(30, 24, seed=1)
    planes = [metrics.luma(picture)[4:-4, 4:-4][None, ..., None] / 255 for picture in (one, other)]
    assert protocol.score(pictures.Picture(one), other)[1] == pytest.approx(float(metrics.ssim(*planes)[0]), abs=1e-6)


def test_four_pixels_of_border_do_not_count(noise):
    original, sr = noise(24, 20), noise(24, 20, seed=1)
    sr[4:-4, 4:-4] = original[4:-4, 4:-4]
    assert protocol.score(pictures.Picture(original), sr) == (float("inf"), pytest.approx(1))


@pytest.mark.parametrize("row, column", [(4, 4), (4, 15), (15, 4), (15, 15)])
def test_the_first_pixel_inside_the_border_counts(row, column):
    sr = level(100)
    sr[row, column] = 110
    # One of 12 · 12 pixels: ten log 144 above the value of all of them.
    assert protocol.score(pictures.Picture(level(100)), sr)[0] == pytest.approx(29.4526 + 21.5836, abs=1e-3)


def test_sizes_that_differ_are_named():
    with pytest.raises(InputError, match=r"original \(24, 20\), super-resolved \(20, 20\)"):
        protocol.score(pictures.Picture(np.zeros((20, 24, 3), np.uint8)), level(0))


def test_a_picture_too_small_to_score_is_named_with_its_size():
    with pytest.raises(InputError, match="16×16 is too small to score: each side needs 19 px"):
        protocol.score(pictures.Picture(level(0, 16)), level(0, 16))


@pytest.mark.parametrize("side", [5, 18, 19])
def test_a_photo_too_small_to_score_is_named(side):
    # 19 pixels are cut to 16 before they are scored.
    with pytest.raises(InputError, match="stamp: too small to score"):
        protocol.pair(photo("stamp", pictures.Picture(level(0, side))))


def test_a_pair_is_the_original_cut_to_the_grid_and_its_lr(noise):
    picture = pictures.Picture(noise(23, 30), alpha=noise(23, 30)[..., 0])
    original, lr = protocol.pair(photo("x", picture))
    assert np.array_equal(original.rgb, picture.rgb[:20, :28])
    assert original.alpha is None
    assert np.array_equal(lr, bicubic.downscale(picture.rgb))


def test_every_photo_is_upscaled_from_its_lr_and_scored_in_order(noise):
    seen = []
    photos = [photo(f"p{seed}", pictures.Picture(noise(22, 25, seed), grey=seed == 1)) for seed in range(3)]

    def upscaler(lr):
        seen.append(lr)
        return bicubic.upscale(lr)

    scores = protocol.evaluate(upscaler, photos)
    assert [score.image for score in scores] == ["p0", "p1", "p2"]
    for score, lr, each in zip(scores, seen, photos):
        original, expected_lr = protocol.pair(each)
        assert np.array_equal(lr, expected_lr)
        assert (score.psnr, score.ssim) == protocol.score(original, bicubic.upscale(lr))
        assert score.seconds > 0


def test_the_mean_is_over_images():
    scores = [protocol.Score("a", 20.0, 0.5, 1.0), protocol.Score("b", 30.0, 0.9, 1.0)]
    assert protocol.mean(scores) == (25.0, pytest.approx(0.7))


def test_nothing_to_score_is_an_error():
    with pytest.raises(InputError, match="no images to score"):
        protocol.mean([])


def test_a_report_has_bicubic_beside_every_figure_and_names_the_protocol():
    model = [protocol.Score("a", 20.0, 0.5, 1.0), protocol.Score("b", 30.0, 0.9, 1.0)]
    bicubic = [protocol.Score("a", 18.0, 0.25, 1.0), protocol.Score("b", 28.0, 0.75, 1.0)]
    report = protocol.report("srgan", model, bicubic=bicubic)
    assert report["images"][1] == {"image": "b", "psnr": 30.0, "ssim": 0.9, "bicubic_psnr": 28.0, "bicubic_ssim": 0.75}
    assert report["mean"]["model"]["psnr"] == 25.0
    assert report["mean"]["bicubic"] == {"psnr": 23.0, "ssim": 0.5}
    assert (report["model"], report["protocol"]) == ("srgan", protocol.PROTOCOL)
    assert all(word in protocol.PROTOCOL for word in ("BT.601", "border of 4", "mean over images", "bicubic"))


def test_every_image_is_measured_in_all_ways(noise):
    photos = [photo("a", pictures.Picture(noise(24, 28))), photo("b", pictures.Picture(noise(24, 20, 1)))]
    rows = protocol.measure(bicubic.upscale, photos)
    assert [row["image"] for row in rows] == ["a", "b"]
    original, lr = protocol.pair(photos[0])
    sr = bicubic.upscale(lr)
    assert (rows[0]["psnr"], rows[0]["ssim"]) == protocol.score(original, sr)
    assert rows[0]["rgb_psnr"] == metrics.psnr(original.rgb[4:-4, 4:-4], sr[4:-4, 4:-4])
    assert rows[0]["lr_psnr"] == metrics.psnr(lr, bicubic.downscale(sr))
    assert rows[0]["spectrum_error"] == metrics.spectrum_error(metrics.luma(original.rgb), metrics.luma(sr))
    assert rows[0]["checkerboard"] == metrics.checkerboard(metrics.luma(sr))
    assert rows[0]["colour_error"] == metrics.colour_error(original.rgb, sr)


def enlarged(original, lr, sr, grey=False):
    return protocol.Enlarged("x", pictures.Picture(original, grey), lr, sr, 1.0)


def test_rgb_psnr_counts_the_channels_inside_the_border():
    sr = level(100)
    sr[4:-4, 4:-4, 2] = 110  # a third of the values, 100 / 3 the mean square: 28.1308 + 4.7712
    sr[:4] = 0
    assert protocol.rgb_psnr(enlarged(level(100), level(100, 5), sr)) == pytest.approx(32.9020, abs=1e-3)


def test_lr_consistency_shrinks_the_result_again(noise):
    original = noise(24, 24)
    lr = bicubic.downscale(original)
    assert protocol.lr_psnr(enlarged(original, lr, original)) == float("inf")
    # Ten levels brighter everywhere: 20 log10(255 / 10), borders and channels and all.
    assert protocol.lr_psnr(enlarged(level(100), level(100, 5), level(110))) == pytest.approx(28.1308, abs=1e-3)


def test_the_spectrum_of_a_grey_original_is_that_of_its_grey_values(noise):
    original, sr = np.repeat(noise(24, 24)[..., :1], 3, axis=2), noise(24, 24, 1)
    expected = metrics.spectrum_error(original[..., 0], np.rint(sr.mean(axis=2)))
    given = enlarged(original, bicubic.downscale(original), sr, grey=True)
    assert protocol.spectrum_error(given) == pytest.approx(expected)


def test_means_leave_out_images_without_a_score_and_measures_without_any():
    rows = [
        {"image": "a", "psnr": 20.0, "brisque": float("nan"), "lpips": float("nan"), "seconds": 1.0},
        {"image": "b", "psnr": 30.0, "brisque": 40.0, "lpips": float("nan"), "seconds": 1.0},
    ]
    assert protocol.means(rows) == {"psnr": 25.0, "brisque": 40.0}


def test_brisque_is_measured_only_where_its_package_is(monkeypatch):
    monkeypatch.setattr(metrics, "has_brisque", lambda: False)
    assert list(protocol.measures()) == ["rgb_psnr", "lr_psnr", "spectrum_error", "checkerboard", "colour_error"]
    monkeypatch.setattr(metrics, "has_brisque", lambda: True)
    assert list(protocol.measures())[-1] == "brisque"


def test_time_is_the_fastest_of_runs_in_turns_by_the_pixels_of_the_output(monkeypatch):
    clock = iter([0.0, 9.0, 10.0, 11.0, 12.0, 14.0, 20.0, 25.0])  # 9, 1, 2 and 5 seconds
    monkeypatch.setattr(protocol.time, "perf_counter", lambda: next(clock))
    calls = []

    def upscaler(name):
        return lambda lr: calls.append(name) or bicubic.upscale(lr)

    upscalers = {name: upscaler(name) for name in "ab"}
    seconds = protocol.seconds_per_megapixel(upscalers, np.zeros((40, 50, 3), np.uint8), repeats=2)
    # 40 × 50 pixels of input are 0.032 million of output.
    assert seconds == {"a": pytest.approx(2 / 0.032), "b": pytest.approx(1 / 0.032)}
    assert calls == ["a", "b", "a", "b", "a", "b"]  # the first of each warms up
