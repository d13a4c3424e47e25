"""Figures: they show the pixels and numbers they are given, legibly, with text for those who cannot see them."""

import itertools

import IPython.display
import numpy as np
import pytest
from matplotlib import colors, pyplot
from skimage import color

from srlib.imaging import figures


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def drawn(axis):
    """The picture on an axis."""
    return np.asarray(axis.get_images()[0].get_array())


def test_a_caption_has_the_scores_below_the_name():
    assert figures.caption("SRGAN", (28.456, 0.81234)) == "SRGAN\n(28.46 dB / 0.812)"
    assert figures.caption("original") == "original"


def test_pictures_are_drawn_pixel_by_pixel_with_their_captions(noise):
    rows = [[noise(8, 8), noise(8, 12)], [noise(16, 16)]]
    figure = figures.pictures(rows, [["a", "b"], ["c"]], titles=["first", "second"])
    first, second, third, empty = figure.axes
    for axis, picture, text in zip((first, second, third), (rows[0][0], rows[0][1], rows[1][0]), "abc"):
        assert np.array_equal(drawn(axis), picture)
        assert axis.get_title() == text
        assert axis.get_images()[0].get_interpolation() == "nearest"
        assert len(axis.get_xticks()) == 0
    assert not empty.axison
    assert (first.get_ylabel(), third.get_ylabel()) == ("first", "second")


def test_a_poster_names_its_columns_once_and_has_the_scores_below_each_picture(noise):
    rows = [[noise(20, 20), noise(20, 20, seed=1)], [noise(400, 400), noise(400, 400, seed=1)]]
    scores = [[(28.456, 0.81234), None], [(31.0, 0.9), None]]
    axes = figures.poster(rows, ["bicubic", "original"], titles=["5×5", "100×100"], scores=scores, height=3.0).axes
    for axis, picture in zip(axes, (picture for row in rows for picture in row)):
        assert np.array_equal(drawn(axis), picture)
    assert [axis.get_title() for axis in axes] == ["bicubic", "original", "", ""]
    assert [axis.get_xlabel().strip() for axis in axes] == ["(28.46 dB / 0.812)", "", "(31.00 dB / 0.900)", ""]
    assert [axis.get_ylabel() for axis in axes] == ["5×5", "", "100×100", ""]
    # Pixels stay squares where each has a dot of its own, and are averaged where several share one.
    assert [axis.get_images()[0].get_interpolation() for axis in axes] == ["nearest"] * 2 + ["antialiased"] * 2


def test_grey_values_are_drawn_as_they_are_not_stretched():
    image = figures.pictures([[np.array([[100, 120]], np.uint8)]], [["grey"]]).axes[0].get_images()[0]
    assert image.get_clim() == (0, 255)
    assert image.to_rgba(np.array([0.0, 255.0]))[:, 0].tolist() == [0, 1]


def test_a_zoom_frames_the_place_and_shows_it_of_every_picture(noise):
    one, other = noise(40, 50), noise(40, 50, seed=1)
    where, first, second = figures.zoom([one, other], ["one", "other"], box=(8, 12, 16)).axes
    assert np.array_equal(drawn(where), one)
    assert np.array_equal(drawn(first), one[8:24, 12:28])
    assert np.array_equal(drawn(second), other[8:24, 12:28])
    assert where.patches[0].get_bbox().bounds == (12, 8, 16, 16)
    assert [axis.get_title() for axis in (first, second)] == ["one", "other"]


HISTORY = [{"step": step, "loss": float(step)} for step in (10, 20, 30, 40)] + [{"step": 50, "loss": 8.0, "psnr": 30.0}]


def test_the_hardest_square_holds_the_error_and_the_edgiest_the_edges():
    original = np.full((64, 96, 3), 100, np.uint8)
    wrong = original.copy()
    wrong[40:48, 72:80] = 90
    # The first on the grid of 8 that holds it all.
    assert figures.hardest_square(original, wrong, side=16) == (32, 64, 16)
    assert figures.edgiest_square(wrong, 24) == (32, 64, 24)
    assert figures.hardest_square(original, wrong, side=64) == (0, 16, 64)


def test_curves_go_through_the_numbers_of_the_history():
    axis = figures.curves(HISTORY, ["loss", "psnr"], labels=["training loss", "PSNR"], ylabel="loss").axes[0]
    loss, psnr = axis.get_lines()
    assert (list(loss.get_xdata()), list(loss.get_ydata())) == ([10, 20, 30, 40, 50], [10, 20, 30, 40, 8])
    assert (list(psnr.get_xdata()), list(psnr.get_ydata())) == ([50], [30])
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["training loss", "PSNR"]
    assert (axis.get_xlabel(), axis.get_ylabel(), axis.get_yscale()) == ("step", "loss", "linear")


def test_a_baseline_is_a_level_line_with_its_name():
    axis = figures.curves(HISTORY, ["loss"], baseline=("bicubic", 12.5), logarithmic=True).axes[0]
    assert list(axis.get_lines()[-1].get_ydata()) == [12.5, 12.5]
    assert axis.get_legend().get_texts()[-1].get_text() == "bicubic"
    assert axis.get_yscale() == "log"


def test_bars_are_as_high_as_their_values_and_say_so():
    axis = figures.bars({"adam": 28.125, "rmsprop": 27.5}, "PSNR in dB", baseline=("bicubic", 26.0)).axes[0]
    assert [bar.get_height() for bar in axis.patches] == [28.125, 27.5]
    assert [text.get_text() for text in axis.texts] == ["28.12", "27.50"]
    assert [text.get_text() for text in axis.get_xticklabels()] == ["adam", "rmsprop"]
    assert axis.get_ylabel() == "PSNR in dB"
    assert list(axis.get_lines()[0].get_ydata()) == [26.0, 26.0]


def test_a_comparison_has_a_dot_for_each_seed_and_an_interval_for_each_difference():
    values = {"adam": [30.0, 30.5, float("nan")], "belief": [31.0, 31.5, 32.0]}
    differences = {"belief": (1.2, 0.9, 1.6)}
    figure = figures.comparison(values, differences, ylabel="PSNR in dB", baseline=("bicubic", 28.0), matters=0.05)
    left, right = figure.axes
    dots, adams_mean, more_dots, beliefs_mean, level = left.get_lines()
    assert (list(dots.get_ydata()), list(more_dots.get_ydata())) == ([30.0, 30.5], [31.0, 31.5, 32.0])
    assert (set(adams_mean.get_ydata()), set(beliefs_mean.get_ydata())) == ({30.25}, {31.5})
    assert list(level.get_ydata()) == [28.0, 28.0]
    assert [text.get_text() for text in left.get_xticklabels()] == ["adam", "belief"]
    (bar,) = right.containers
    point, ends, _ = bar.lines
    assert list(point.get_ydata()) == [1.2]
    assert [end.get_ydata()[0] for end in ends] == pytest.approx([0.9, 1.6])
    assert point.get_color() == more_dots.get_color() != dots.get_color()
    assert right.get_title() == "against adam, 95% interval"
    assert (right.get_ylabel(), left.get_ylabel()) == ("difference, PSNR in dB", "PSNR in dB")
    band = right.patches[0].get_bbox()
    assert (band.y0, band.y1) == (-0.05, 0.05)


def test_a_difference_that_is_not_known_is_not_drawn():
    nan = float("nan")
    right = figures.comparison({"a": [1.0], "b": [nan]}, {"b": (nan, nan, nan)}, ylabel="dB").axes[1]
    assert not right.containers
    assert [text.get_text() for text in right.get_xticklabels()] == ["b"]


def test_a_heat_map_has_its_numbers_in_its_cells_and_can_be_read():
    rows = [{"input": "clean", "a": 28.44, "b": 32.0}, {"input": "noise", "a": 20.06, "b": float("nan")}]
    axis, bar = figures.heatmap(rows, "PSNR in dB").axes
    assert [text.get_text() for text in axis.texts] == ["28.4", "32.0", "20.1", "–"]
    assert [text.get_position() for text in axis.texts] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["clean", "noise"]
    assert [text.get_text() for text in axis.get_xticklabels()] == ["a", "b"]
    assert bar.get_ylabel() == "PSNR in dB"
    image = axis.get_images()[0]
    light = [contrast(image.cmap(image.norm(value)), "black") for value in (20.06, 28.44, 32.0)]
    assert light == sorted(light)
    for text, value in zip(axis.texts, (28.44, 32.0, 20.06)):
        assert contrast(text.get_color(), image.cmap(image.norm(value))) >= 4.5


def test_a_table_is_markdown():
    rows = [{"set": "set5", "psnr": 32.0249}, {"set": "set14", "psnr": 28.4}]
    assert figures.table(rows, "{:.2f}") == "| set | psnr |\n|---|---|\n| set5 | 32.02 |\n| set14 | 28.40 |"
    assert figures.table([]) == ""


def test_a_figure_becomes_a_png_and_is_closed():
    figure = figures.bars({"a": 1.0}, "value")
    assert figures.png(figure).startswith(b"\x89PNG")
    assert not pyplot.fignum_exists(figure.number)


def test_what_is_shown_carries_its_alternative_text(monkeypatch):
    shown = []
    monkeypatch.setattr(IPython.display, "display", shown.append)
    figures.show(figures.bars({"a": 1.0}, "value"), "one bar")
    figures.show_table([{"a": 1.0}], "{:.1f}")
    picture, table = shown
    assert picture.data.startswith(b"\x89PNG")
    assert picture.alt == "one bar"
    assert table.data == "| a |\n|---|\n| 1.0 |"


def linear(colour):
    """The three parts of a colour as amounts of light."""
    values = np.array(colors.to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """The contrast ratio of two colours as WCAG 2 defines it."""
    lower, upper = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (upper + 0.05) / (lower + 0.05)


# What is left of light for people who lack one kind of cone: Machado, Oliveira, Fernandes, "A physiologically-based
# model for simulation of color vision deficiency", IEEE TVCG 2009, severity 1.
VISIONS = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def seen(colour, vision):
    """A colour as CIELAB, for people of that vision."""
    light = np.clip(np.array(VISIONS[vision]) @ linear(colour), 0, 1)
    values = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return color.rgb2lab(values[None, None])[0, 0]


def test_contrast_is_that_of_wcag():
    assert contrast("white", "black") == pytest.approx(21)
    assert contrast("#767676", "white") == pytest.approx(4.54, abs=0.005)  # the lightest grey that passes


def test_lines_stand_out_from_white_and_have_looks_of_their_own():
    assert min(contrast(colour, "white") for colour in figures.COLOURS) >= 4.5
    looks = list(zip(figures.COLOURS, figures.STYLES))
    assert len(set(looks)) == len(figures.COLOURS) == len(figures.STYLES)


@pytest.mark.parametrize("vision", VISIONS)
def test_colours_are_told_apart_with_any_colour_vision(vision):
    pairs = itertools.combinations((*figures.COLOURS, figures.YELLOW), 2)
    distances = {pair: color.deltaE_ciede2000(*(seen(each, vision) for each in pair)) for pair in pairs}
    assert min(distances.values()) > 7, min(distances, key=distances.get)  # 2.3 is just noticeable


@pytest.mark.parametrize("name", ["cividis", "PuOr"])
def test_numbers_are_readable_on_every_colour_of_a_map(name):
    image = pyplot.figure().gca().imshow([[0.0, 1.0]], cmap=name)
    for value in np.linspace(0, 1, 101):
        assert contrast(figures._readable(image, value), image.cmap(image.norm(value))) >= 4.5


def test_a_matrix_has_its_texts_and_colours_around_zero():
    figure = figures.matrix(
        [[0.0, 1.0], [-2.0, np.nan]], ["a", "b"], columns=["x", "y"], texts=[["0", "+1"], ["-2", ""]], label="gain (dB)"
    )
    axis, scale = figure.axes
    assert drawn(axis)[:, 0].tolist() == [0.0, -2.0]
    assert axis.get_images()[0].get_clim() == (-2.0, 2.0)
    assert [text.get_text() for text in axis.texts] == ["0", "+1", "-2", ""]
    assert [text.get_position() for text in axis.texts] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert [text.get_color() for text in axis.texts] == [figures.BLACK, figures.BLACK, "white", figures.BLACK]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["x", "y"]
    assert scale.get_ylabel() == "gain (dB)"


def test_a_matrix_of_zeros_is_drawn_white():
    figure = figures.matrix(np.zeros((1, 2)), ["a"], columns=["x", "y"], texts=[["", ""]], label="dB")
    assert figure.axes[0].get_images()[0].get_clim() == (-1.0, 1.0)
