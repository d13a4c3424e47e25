"""Figures from arrays and records: pictures side by side, curves, and their display with alt text.

Colours (in figures.mplstyle) follow Okabe and Ito's, which people with any colour vision can tell apart; darkened, so
that they stand out from white as text has to (4.5:1), and moved until they are told apart again.
"""

import io
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

_SETTINGS = matplotlib.rc_params_from_file(
    pathlib.Path(__file__).with_name("figures.mplstyle"), use_default_template=False
)
_LINES = _SETTINGS["axes.prop_cycle"].by_key()
COLOURS: tuple[str, ...] = tuple(_LINES["color"])
STYLES: tuple[str, ...] = tuple(_LINES["linestyle"])
BLUE, ORANGE, GREEN, PINK, RED, SKY, BLACK = COLOURS
YELLOW = "#F0E442"
_GREY = "#555555"

Images = Sequence[np.ndarray]
Texts = Sequence[str]
Score = Sequence[float]  # PSNR in dB, SSIM
Row = Mapping[str, Any]
Level = tuple[str, float]  # a level line: its label and value


def caption(name: str, score: Score | None = None) -> str:
    """A picture's caption: the name, and below it in brackets the score, (PSNR in dB, SSIM), where there is one."""
    return name if score is None else "{}\n({:.2f} dB / {:.3f})".format(name, *score)


def pictures(
    rows: Sequence[Images], captions: Sequence[Texts], *, height: float = 2.4, titles: Texts | None = None
) -> Figure:
    """A grid of pictures, every one drawn at the same height, pixels as squares (no smoothing by the plot).

    Args:
        rows: pictures in rows, each an uint8 array (height, width[, 3]).
        captions: one for each picture.
        height: inches of each row.
        titles: one for each row.
    """
    widest = max(sum(image.shape[1] / image.shape[0] for image in row) for row in rows)
    columns = max(len(row) for row in rows)
    lines = 1 + max(text.count("\n") for row in captions for text in row)
    size = (height * widest + 0.1 * columns, len(rows) * (height + 0.2 * lines))
    with pyplot.rc_context(_SETTINGS):
        figure, axes = pyplot.subplots(len(rows), columns, figsize=size, squeeze=False, layout="constrained")
    for index, row in enumerate(rows):
        for axis, image, text in zip(axes[index], row, captions[index]):
            _picture(axis, image, text)
        for axis in axes[index, len(row) :]:
            axis.set_axis_off()
        if titles:
            axes[index, 0].set_ylabel(titles[index])
    return figure


def _picture(axis: Axes, image: np.ndarray, text: str) -> None:
    """One picture on an axis without ticks or frame, its caption above."""
    axis.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set_title(text)
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    for spine in axis.spines.values():
        spine.set_visible(False)


def poster(
    rows: Sequence[Images],
    names: Texts,
    *,
    titles: Texts,
    scores: Sequence[Sequence[Score | None]],
    height: float = 3.0,
) -> Figure:
    """Enlargements laid out as on a poster: an input in each row, a method in each column, scores in brackets below.

    Args:
        rows: uint8 arrays (height, width, 3), one for each name; all are drawn at the same height.
        names: of the columns, above them.
        titles: beside the rows.
        scores: (PSNR in dB, SSIM) of each picture, None where there is none, as of an original.
        height: inches of each row.
    """
    unnamed = [[""] * len(names)] * (len(rows) - 1)
    figure = pictures(rows, [names, *unnamed], height=height, titles=titles)
    for axis, score in zip(figure.axes, (score for row in scores for score in row)):
        axis.set_xlabel(caption("", score).strip() if score else " ")
        if axis.images[0].get_array().shape[0] > 100 * height:  # more pixels than are drawn: each a mean of some
            axis.images[0].set_interpolation("antialiased")
    return figure


def zoom(images: Images, captions: Texts, *, box: tuple[int, int, int], height: float = 2.4) -> Figure:
    """The same detail of several pictures beside the first picture as a whole, where a frame marks it.

    Args:
        images: uint8 arrays of one size (height, width, 3).
        captions: one for each picture.
        box: (top, left, side) of the detail, in pixels.
        height: inches of the row.
    """
    top, left, side = box
    details = [image[top : top + side, left : left + side] for image in images]
    figure = pictures([[images[0], *details]], [["where", *captions]], height=height)
    frame = Rectangle((left, top), side, side, fill=False, edgecolor=YELLOW, linewidth=2)
    figure.axes[0].add_patch(frame)
    return figure


def hardest_square(original: np.ndarray, image: np.ndarray, *, side: int) -> tuple[int, int, int]:
    """Where `image` misses `original` most, on a grid of 8 pixels: the box (top, left, side) that `zoom` takes.

    Args:
        original, image: uint8 arrays of one size (height, width, 3), at least `side` each way; `image` is the
            baseline, so that the choice favours no model.
        side: pixels.
    """
    return _square_of_largest(np.mean((original.astype(float) - image) ** 2, axis=2), side)


def edgiest_square(image: np.ndarray, side: int) -> tuple[int, int, int]:
    """Where `image` has its strongest edges, on a grid of 8 pixels: the box (top, left, side) that `zoom` takes.

    Args:
        image: uint8 array (height, width, 3), at least `side` each way; take the bicubic enlargement, so that the
            choice favours no model and falls on what the LR still shows.
        side: pixels.
    """
    down, across = np.gradient(image.mean(axis=2))
    return _square_of_largest(down**2 + across**2, side)


def _square_of_largest(values: np.ndarray, side: int) -> tuple[int, int, int]:
    """The square with the largest sum of `values` (height, width): (top, left, side)."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    totals = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    top, left = np.unravel_index(totals[::8, ::8].argmax(), totals[::8, ::8].shape)
    return 8 * int(top), 8 * int(left), side


def curves(
    history: Iterable[Row],
    names: Texts,
    *,
    labels: Texts | None = None,
    baseline: Level | None = None,
    ylabel: str = "",
    logarithmic: bool = False,
) -> Figure:
    """Quantities of a training history over its steps.

    Args:
        history: rows with "step" and those of `names` that were measured then.
        names: the quantities.
        labels: for the legend, in place of the names.
        baseline: (label, value) drawn as a level line.
        ylabel: with the unit.
        logarithmic: whether the y axis is.
    """
    with pyplot.rc_context(_SETTINGS):
        figure, axis = pyplot.subplots(figsize=(6.4, 3.0), layout="constrained")
        for name, label in zip(names, labels or names):
            rows = [row for row in history if name in row]
            axis.plot([row["step"] for row in rows], [row[name] for row in rows], label=label)
        _level(axis, baseline)
        axis.set(xlabel="step", ylabel=ylabel, yscale="log" if logarithmic else "linear")
        axis.xaxis.get_major_locator().set_params(integer=True)
        if not logarithmic:
            axis.ticklabel_format(useOffset=False)
        axis.legend()
    return figure


def _level(axis: Axes, baseline: Level | None) -> None:
    """A level line with its label, where there is one to draw."""
    if baseline:
        axis.axhline(baseline[1], color=_GREY, linestyle=":", label=baseline[0])


def bars(values: Mapping[str, float], ylabel: str, *, baseline: Level | None = None, number: str = "{:.2f}") -> Figure:
    """One bar for each {label: value}, its number written above; `baseline` (label, value) is a level line."""
    with pyplot.rc_context(_SETTINGS):
        figure, axis = pyplot.subplots(figsize=(1.2 + 1.1 * len(values), 3.0), layout="constrained")
        drawn = axis.bar(list(values), list(values.values()), color=COLOURS[: len(values)], width=0.6)
        axis.bar_label(drawn, labels=[number.format(value) for value in values.values()], padding=2)
        if baseline:
            _level(axis, baseline)
            axis.legend(loc="lower right", bbox_to_anchor=(1, 1))  # above, where no bar can reach
        axis.set_ylabel(ylabel)
        axis.grid(axis="x", visible=False)
        axis.margins(y=0.15)
    return figure


def comparison(
    values: Mapping[str, Sequence[float] | np.ndarray],
    differences: Mapping[str, Sequence[float]],
    *,
    ylabel: str,
    baseline: Level | None = None,
    matters: float = 0.0,
) -> Figure:
    """Arms side by side: on the left a dot for each seed and a line at their mean, on the right the differences.

    Args:
        values: {arm: one number a seed}; those that are not finite are not drawn.
        differences: {arm: (difference from the reference, low, high)}, the ends of its 95% interval.
        ylabel: with the unit, of both.
        baseline: (label, value) drawn as a level line on the left.
        matters: half the height of the grey band of differences not worth talking about.
    """
    arms = list(values)
    with pyplot.rc_context(_SETTINGS):
        size = (2.4 + 0.9 * (len(arms) + len(differences)), 3.2)
        widths = (len(arms) + 0.5, len(differences) + 0.5)
        figure, (left, right) = pyplot.subplots(1, 2, figsize=size, width_ratios=widths, layout="constrained")
        for place, arm in enumerate(arms):
            _dots(left, place, np.asarray(values[arm], float), COLOURS[place % len(COLOURS)])
        for place, arm in enumerate(differences):
            _interval(right, place, differences[arm], COLOURS[arms.index(arm) % len(COLOURS)])
        _name_places(left, arms, ylabel, "seeds and their mean")
        reference = next((arm for arm in arms if arm not in differences), "")
        _name_places(right, list(differences), f"difference, {ylabel}", f"against {reference}, 95% interval")
        right.axhspan(-matters, matters, color="#E4E4E4", zorder=0)
        right.axhline(0, color=_GREY, linestyle=":")
        if baseline:
            _level(left, baseline)
            left.legend()
    return figure


def _dots(axis: Axes, place: int, values: np.ndarray, colour: str) -> None:
    """One arm's values, spread sideways so that equal ones are seen apart, and their mean."""
    values = values[np.isfinite(values)]
    sideways = np.linspace(-0.15, 0.15, len(values)) if len(values) > 1 else np.zeros(len(values))
    axis.plot(place + sideways, values, "o", color=colour, linestyle="none")
    if len(values):
        axis.plot([place - 0.3, place + 0.3], [values.mean()] * 2, color=colour, linestyle="-")


def _interval(axis: Axes, place: int, difference: Sequence[float], colour: str) -> None:
    """One arm's difference with its interval; nothing where it is not known."""
    mean, low, high = difference
    if np.isfinite([mean, low, high]).all():
        axis.errorbar([place], [mean], [[mean - low], [high - mean]], fmt="o", color=colour, linestyle="-", capsize=4)


def _name_places(axis: Axes, names: Texts, ylabel: str, title: str) -> None:
    axis.set_xticks(range(len(names)), names)
    axis.set(xlim=(-0.6, len(names) - 0.4), ylabel=ylabel, title=title)
    axis.grid(axis="x", visible=False)
    axis.ticklabel_format(axis="y", useOffset=False)


def heatmap(rows: Sequence[Row], label: str = "", *, numbers: str = "{:.1f}") -> Figure:
    """A table as coloured cells with their numbers in them, dark for low and light for high.

    Args:
        rows: with the same keys: the first names the row, the others hold its numbers; NaN stays white.
        label: what the numbers are, with the unit.
        numbers: their format.
    """
    head, *columns = rows[0]
    values = np.array([[row[name] for name in columns] for row in rows], float)
    texts = [[numbers.format(value) if np.isfinite(value) else "–" for value in row] for row in values]
    # Cividis rises in lightness throughout and looks alike with any colour vision.
    figure, axis = _cells(values, texts, size=(2.4 + 1.2 * len(columns), 0.8 + 0.3 * len(rows)), cmap="cividis")
    axis.set_xticks(range(len(columns)), columns)
    axis.set_yticks(range(len(rows)), [row[head] for row in rows])
    axis.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    figure.colorbar(axis.images[0], label=label)
    return figure


def matrix(
    values: np.ndarray | Sequence[Sequence[float]], rows: Texts, *, columns: Texts, texts: Sequence[Texts], label: str
) -> Figure:
    """Numbers in rows and columns as colours around zero, brown below and violet above, a text in each field.

    Args:
        values: array (rows, columns); one that is not finite stays white.
        rows, columns: their names.
        texts: one for each value.
        label: with the unit, beside the scale of colours.
    """
    values = np.asarray(values, float)
    limit = np.nanmax(np.abs(values)) or 1.0
    size = (2.6 + 1.6 * len(columns), 1.0 + 0.6 * len(rows))
    figure, axis = _cells(values, texts, size=size, cmap="PuOr", vmin=-limit, vmax=limit)
    axis.set_xticks(range(len(columns)), columns)
    axis.set_yticks(range(len(rows)), rows)
    figure.colorbar(axis.images[0], label=label)
    return figure


def _cells(
    values: np.ndarray, texts: Sequence[Texts], *, size: tuple[float, float], **colours: Any
) -> tuple[Figure, Axes]:
    """Values as coloured cells with a readable text in each."""
    with pyplot.rc_context(_SETTINGS):
        figure, axis = pyplot.subplots(figsize=size, layout="constrained")
        drawn = axis.imshow(values, aspect="auto", **colours)
    axis.grid(False)
    for (row, column), value in np.ndenumerate(values):
        axis.text(column, row, texts[row][column], ha="center", va="center", color=_readable(drawn, value))
    return figure, axis


def _readable(drawn: AxesImage, value: float) -> str:
    """Black or white, whichever stands out more from a heat map's colour of `value`."""
    if not np.isfinite(value):
        return BLACK
    red, green, blue, _ = drawn.cmap(drawn.norm(value))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return BLACK if np.dot(linear, [0.2126, 0.7152, 0.0722]) > 0.179 else "white"  # equal contrast: WCAG 2


def table(rows: Sequence[Row], numbers: str = "{:.3f}") -> str:
    """Rows with the same keys as a Markdown table; floats are written with `numbers`."""
    if not rows:
        return ""
    values = [[row[name] for name in rows[0]] for row in rows]
    cells = [[numbers.format(each) if isinstance(each, float) else str(each) for each in row] for row in values]
    head, *lines = ["| " + " | ".join(row) + " |" for row in (rows[0], *cells)]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *lines])


def png(figure: Figure, dots: int = 100) -> bytes:
    """A figure as a PNG file of so many dots an inch; closes it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dots, bbox_inches="tight")
    pyplot.close(figure)
    return buffer.getvalue()


def show(figure: Figure, alt: str) -> None:
    """Display a figure in a notebook with the text that stands for it where it cannot be seen."""
    from IPython.display import Image, display

    display(Image(png(figure), alt=alt))


def show_table(rows: Sequence[Row], numbers: str = "{:.3f}") -> None:
    """Display rows with the same keys as a table in a notebook."""
    from IPython.display import Markdown, display

    display(Markdown(table(rows, numbers)))
