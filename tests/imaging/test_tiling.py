"""Cutting a side: by hand, and every pixel written once from inside its window."""

import pytest

from srlib.imaging import tiling


def test_a_side_of_ten_in_tiles_of_four_by_hand():
    first, second, third = tiling.spans(10, 4, overlap=1, scale=2)
    assert first == tiling.Span(slice(0, 6), slice(0, 8), slice(0, 8))
    assert second == tiling.Span(slice(3, 9), slice(2, 10), slice(8, 16))
    assert third == tiling.Span(slice(4, 10), slice(8, 12), slice(16, 20))


@pytest.mark.parametrize("size, tile", [(10, 0), (10, 10), (10, 8), (6, 4)])
def test_what_fits_into_one_window_is_not_cut(size, tile):
    whole = tiling.Span(slice(0, size), slice(0, 4 * size), slice(0, 4 * size))
    assert tiling.spans(size, tile, overlap=1, scale=4) == [whole]


@pytest.mark.parametrize("size", range(20, 60))
@pytest.mark.parametrize("tile, overlap", [(1, 0), (1, 5), (7, 3), (8, 1)])
def test_parts_cover_the_side_once_with_their_overlap(size, tile, overlap):
    parts = tiling.spans(size, tile, overlap=overlap, scale=1)
    assert {part.read.stop - part.read.start for part in parts} == {tile + 2 * overlap}
    written = [pixel for part in parts for pixel in range(part.write.start, part.write.stop)]
    assert written == list(range(size))
    for part in parts:
        kept = range(part.read.start + part.keep.start, part.read.start + part.keep.stop)
        assert list(kept) == list(range(part.write.start, part.write.stop))
        assert 0 <= part.read.start <= max(part.write.start - overlap, 0)
        assert min(part.write.stop + overlap, size) <= part.read.stop <= size
