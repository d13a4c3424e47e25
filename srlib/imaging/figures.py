"""Figures from arrays and records: pictures side by side, curves, and their display with alt text.

Colours follow Okabe and Ito's, which people with any colour vision can tell apart; darkened, so that they stand out
from white as text has to (4.5:1), and moved until they are told apart again.
"""

import io

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.patches import Rectangle

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = (
    "#000000",
    "#B35900",
    "#004A70",
    "#007A5A",
    "#F0E442",
    "#0072B2",
    "#9B0C2D",
    "#A6497E",
)
COLOURS = (BLUE, ORANGE, GREEN, PINK, RED, SKY, BLACK)
STYLES = ("-", "--", "-.", ":", "-", "--", "-.")

_SETTINGS = {
    "axes.prop_cycle": matplotlib.cycler(color=COLOURS, linestyle=STYLES),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "font.size": 10,
    "axes.titlesize": 10,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


def caption(name, psnr=None, ssim=None):
    """A picture's caption: the name, and PSNR and SSIM in brackets below it where they are given."""
    return name if psnr is None else f"{name}\n({psnr:.2f} dB / {ssim:.3f})"


def pictures(rows, captions, height=2.4, titles=None):
    """A grid of pictures, every one drawn at the same height, pixels as squares (no smoothing by the plot).

    Args:
        rows: list of lists of uint8 arrays (height, width[, 3]).
        captions: list of lists of str, one for each picture.
        height: float, inches of each row.
        titles: list of str, one for each row, or None.
    Returns:
        matplotlib `Figure`.
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


def _picture(axis, image, text):
    """One picture on an axis without ticks or frame, its caption above."""
    axis.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set_title(text)
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    for spine in axis.spines.values():
        spine.set_visible(False)


def poster(rows, names, titles, scores, height=3.0):
    """Enlargements laid out as on a poster: an input in each row, a method in each column, scores in brackets below.

    Args:
        rows: list of lists of uint8 arrays (height, width, 3), one for each name; all are drawn at the same height.
        names: list of str above the columns.
        titles: list of str beside the rows.
        scores: list of lists of (PSNR in dB, SSIM), None where there is none, as of an original.
        height: float, inches of each row.
    Returns:
        matplotlib `Figure`.
    """
    unnamed = [[""] * len(names)] * (len(rows) - 1)
    figure = pictures(rows, [names, *unnamed], height, titles)
    for axis, score in zip(figure.axes, (score for row in scores for score in row)):
        axis.set_xlabel(caption("", *score).strip() if score else " ")
        if axis.images[0].get_array().shape[0] > 100 * height:  # more pixels than are drawn: each a mean of some
            axis.images[0].set_interpolation("antialiased")
    return figure


def zoom(images, captions, box, height=2.4):
    """The same detail of several pictures below the first picture as a whole, where a frame marks it.

    Args:
        images: list of uint8 arrays of one size (height, width, 3).
        captions: list of str.
        box: (top, left, side) of the detail, in pixels.
        height: float, inches of the details' row.
    Returns:
        matplotlib `Figure`.
    """
    top, left, side = box
    details = [image[top : top + side, left : left + side] for image in images]
    figure = pictures([[images[0], *details]], [["where", *captions]], height)
    frame = Rectangle((left, top), side, side, fill=False, edgecolor=YELLOW, linewidth=2)
    figure.axes[0].add_patch(frame)
    return figure


def hardest_square(original, image, side):
    """Where `image` misses `original` most, on a grid of 8 pixels: the box (top, left, side) that `zoom` takes.

    Args:
        original, image: uint8 arrays of one size (height, width, 3), at least `side` each way; `image` is the
            baseline, so that the choice favours no model.
        side: int, pixels.
    """
    return _square_of_largest(np.mean((original.astype(float) - image) ** 2, axis=2), side)


def edgiest_square(image, side):
    """Where `image` has its strongest edges, on a grid of 8 pixels: the box (top, left, side) that `zoom` takes.

    Args:
        image: uint8 array (height, width, 3), at least `side` each way; take the bicubic enlargement, so that the
            choice favours no model and falls on what the LR still shows.
        side: int, pixels.
    """
    down, across = np.gradient(image.mean(axis=2))
    return _square_of_largest(down**2 + across**2, side)


def _square_of_largest(values, side):
    """The square with the largest sum of `values` (height, width): (top, left, side)."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    totals = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    top, left = np.unravel_index(totals[::8, ::8].argmax(), totals[::8, ::8].shape)
    return 8 * int(top), 8 * int(left), side


def curves(history, names, labels=None, baseline=None, ylabel="", logarithmic=False, smooth=1):
    """Quantities of a training history over its steps.

    Args:
        history: list of dicts with "step" and the `names`.
        names: list of str.
        labels: list of str for the legend, or None for the names.
        baseline: (label, value) drawn as a level line, or None.
        ylabel: str with the unit.
        logarithmic: bool, logarithmic y axis.
        smooth: int, rows to average over (a running mean).
    Returns:
        matplotlib `Figure`.
    """
    with pyplot.rc_context(_SETTINGS):
        figure, axis = pyplot.subplots(figsize=(6.4, 3.0), layout="constrained")
        for name, label in zip(names, labels or names):
            rows = [row for row in history if name in row]
            values = _running_mean([row[name] for row in rows], smooth)
            axis.plot([row["step"] for row in rows][len(rows) - len(values) :], values, label=label)
        if baseline:
            axis.axhline(baseline[1], color="#555555", linestyle=":", label=baseline[0])
        axis.set(xlabel="step", ylabel=ylabel, yscale="log" if logarithmic else "linear")
        axis.xaxis.get_major_locator().set_params(integer=True)
        if not logarithmic:
            axis.ticklabel_format(useOffset=False)
        axis.legend()
    return figure


def _running_mean(values, size):
    """Means over `size` neighbours; as many values fewer at the start."""
    return np.convolve(values, np.ones(size) / size, mode="valid") if len(values) >= size else np.array(values)


def bars(values, ylabel, baseline=None, number="{:.2f}"):
    """One bar for each {label: value}, its number written above; `baseline` (label, value) is a level line."""
    with pyplot.rc_context(_SETTINGS):
        figure, axis = pyplot.subplots(figsize=(1.2 + 1.1 * len(values), 3.0), layout="constrained")
        drawn = axis.bar(list(values), list(values.values()), color=COLOURS[: len(values)], width=0.6)
        axis.bar_label(drawn, labels=[number.format(value) for value in values.values()], padding=2)
        if baseline:
            axis.axhline(baseline[1], color="#555555", linestyle=":", label=baseline[0])
            axis.legend(loc="lower right", bbox_to_anchor=(1, 1))  # above, where no bar can reach
        axis.set_ylabel(ylabel)
        axis.grid(axis="x", visible=False)
        axis.margins(y=0.15)
    return figure


def comparison(values, differences, ylabel, baseline=None, matters=0.0):
    """Arms side by side: on the left a dot for each seed and a line at their mean, on the right the differences.

    Args:
        values: {arm: list of floats, one a seed}; those that are not finite are not drawn.
        differences: {arm: (difference from the reference, low, high)}, the ends of its 95% interval.
        ylabel: str with the unit, of both.
        baseline: (label, value) drawn as a level line on the left, or None.
        matters: float, half the height of the grey band of differences not worth talking about.
    Returns:
        matplotlib `Figure`.
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
        right.axhline(0, color="#555555", linestyle=":")
        if baseline:
            left.axhline(baseline[1], color="#555555", linestyle=":", label=baseline[0])
            left.legend()
    return figure


def _dots(axis, place, values, colour):
    """One arm's values, spread sideways so that equal ones are seen apart, and their mean."""
    values = values[np.isfinite(values)]
    sideways = np.linspace(-0.15, 0.15, len(values)) if len(values) > 1 else np.zeros(len(values))
    axis.plot(place + sideways, values, "o", color=colour, linestyle="none")
    if len(values):
        axis.plot([place - 0.3, place + 0.3], [values.mean()] * 2, color=colour, linestyle="-")


def _interval(axis, place, difference, colour):
    """One arm's difference with its interval; nothing where it is not known."""
    mean, low, high = difference
    if np.isfinite([mean, low, high]).all():
        axis.errorbar([place], [mean], [[mean - low], [high - mean]], fmt="o", color=colour, linestyle="-", capsize=4)


def _name_places(axis, names, ylabel, title):
    axis.set_xticks(range(len(names)), names)
    axis.set(xlim=(-0.6, len(names) - 0.4), ylabel=ylabel, title=title)
    axis.grid(axis="x", visible=False)
    axis.ticklabel_format(axis="y", useOffset=False)


def heatmap(rows, label="", numbers="{:.1f}"):
    """A table as coloured cells with their numbers in them, dark for low and light for high.

    Args:
        rows: list of dicts with the same keys: the first names the row, the others hold its numbers; NaN stays white.
        label: str, what the numbers are, with the unit.
        numbers: str, their format.
    Returns:
        matplotlib `Figure`.
    """
    head, *columns = rows[0]
    values = np.array([[row[name] for name in columns] for row in rows], float)
    with pyplot.rc_context(_SETTINGS):
        size = (2.4 + 1.2 * len(columns), 0.8 + 0.3 * len(rows))
        figure, axis = pyplot.subplots(figsize=size, layout="constrained")
        # Cividis rises in lightness throughout and looks alike with any colour vision.
        drawn = axis.imshow(values, cmap="cividis", aspect="auto")
        for (row, column), value in np.ndenumerate(values):
            text = numbers.format(value) if np.isfinite(value) else "–"
            axis.text(column, row, text, ha="center", va="center", color=_readable(drawn, value))
        axis.set_xticks(range(len(columns)), columns)
        axis.set_yticks(range(len(rows)), [row[head] for row in rows])
        axis.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
        axis.grid(False)
        figure.colorbar(drawn, label=label)
    return figure


def _readable(drawn, value):
    """Black or white, whichever stands out more from a heat map's colour of `value`."""
    if not np.isfinite(value):
        return BLACK
    red, green, blue, _ = drawn.cmap(drawn.norm(value))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return BLACK if np.dot(linear, [0.2126, 0.7152, 0.0722]) > 0.179 else "white"  # equal contrast: WCAG 2


def matrix(values, rows, columns, texts, label):
    """Numbers in rows and columns as colours around zero, brown below and violet above, a text in each field.

    Args:
        values: float array (rows, columns); one that is not finite stays white.
        rows, columns: lists of str.
        texts: list of lists of str, one for each value.
        label: str with the unit, beside the scale of colours.
    Returns:
        matplotlib `Figure`.
    """
    values = np.asarray(values, float)
    limit = np.nanmax(np.abs(values)) or 1.0
    with pyplot.rc_context(_SETTINGS):
        size = (2.6 + 1.6 * len(columns), 1.0 + 0.6 * len(rows))
        figure, axis = pyplot.subplots(figsize=size, layout="constrained")
        image = axis.imshow(values, cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto")
    axis.grid(False)
    axis.set_xticks(range(len(columns)), columns)
    axis.set_yticks(range(len(rows)), rows)
    for place, value in np.ndenumerate(values):
        text = texts[place[0]][place[1]]
        axis.text(*place[::-1], text, ha="center", va="center", color=_readable(image, value))
    figure.colorbar(image, label=label)
    return figure


def table(rows, numbers="{:.3f}"):
    """Rows (dicts with the same keys) as a Markdown table; floats are written with `numbers`."""
    if not rows:
        return ""
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(_cell(row[name], numbers) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value, numbers):
    return numbers.format(value) if isinstance(value, float) else str(value)


def png(figure, dots=100):
    """A figure as PNG bytes; closes it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dots, bbox_inches="tight")
    pyplot.close(figure)
    return buffer.getvalue()


def show(figure, alt):
    """Display a figure in a notebook with the text that stands for it where it cannot be seen."""
    from IPython.display import Image, display

    display(Image(png(figure), alt=alt))


def show_table(rows, numbers="{:.3f}"):
    """Display rows (dicts with the same keys) as a table in a notebook."""
    from IPython.display import Markdown, display

    display(Markdown(table(rows, numbers)))
