"""Cutting a side into equally large windows that overlap, so that work in parts gives what work on the whole gives."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Span:
    """One part of a side: the slice to `read`, what to `keep` of the result, and where to `write` that.

    `keep` and `write` count pixels of the result, `scale` times as many.
    """

    read: slice
    keep: slice
    write: slice


def spans(size, tile, overlap, scale):
    """The parts of a side.

    Args:
        size: int, pixels of the side.
        tile: int, pixels of a part without overlap; 0 never cuts.
        overlap: int, pixels that a part's result depends on beyond its edges.
        scale: int, pixels of the result for each.
    Returns:
        list of `Span`; all read windows of one size, so that one compilation and one memory layout serve all.
    """
    window = tile + 2 * overlap
    if not tile or size <= window:
        return [_span(0, size, 0, size, scale)]
    parts = [(start, min(start + tile, size)) for start in range(0, size, tile)]
    return [_span(start, stop, _first(start, size, overlap, window), window, scale) for start, stop in parts]


def _first(start, size, overlap, window):
    """Where the window of the part from `start` begins, moved so that it lies inside the side."""
    return min(max(start - overlap, 0), size - window)


def _span(start, stop, first, window, scale):
    return Span(
        slice(first, first + window),
        slice(scale * (start - first), scale * (stop - first)),
        slice(scale * start, scale * stop),
    )
