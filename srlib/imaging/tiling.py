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


def spans(size: int, tile: int, *, overlap: int, scale: int) -> list[Span]:
    """Overlapping parts of a side.

    Args:
        size: pixels of the side.
        tile: pixels of a part without overlap; 0 never cuts.
        overlap: pixels that a part's result depends on beyond its edges.
        scale: pixels of the result for each.
    Returns:
        the parts in order; all read windows of one size, so that one compilation and one memory layout serve all.
    """
    window = tile + 2 * overlap
    if not tile or size <= window:
        tile = window = size
    # Where a part's window begins: before it by the overlap, moved so that the window lies inside the side.
    parts = ((start, min(max(start - overlap, 0), size - window)) for start in range(0, size, tile))
    return [_span(start, min(start + tile, size), slice(first, first + window), scale) for start, first in parts]


def _span(start: int, stop: int, read: slice, scale: int) -> Span:
    """The part from `start` to `stop` of a side."""
    keep = slice(scale * (start - read.start), scale * (stop - read.start))
    return Span(read, keep, slice(scale * start, scale * stop))
