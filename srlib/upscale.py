"""Using a generator: from uint8 pictures of any size to uint8 pictures four times as large."""

import numpy as np

from srlib import generator, models, ranges, resize
from srlib.config import SCALE
from srlib.data import images

SMALLEST = 4  # LR pixels; a smaller picture is mirrored up to this and cut back
TILE = 256  # LR pixels; pictures beyond it are worked on in tiles, so that memory stays bounded


class Upscaler:
    """A network as a function from uint8 LR (height, width, 3) to uint8 SR (4 height, 4 width, 3).

    Tiles overlap by the network's receptive field, so that the result is that of the whole picture at once.

    Args:
        network: generator, LR in [0, 1] to SR in [-1, 1].
        config: its `Config`.
        tile: int, LR pixels on a tile's side without overlap; 0 never tiles.
        progress: callable taking an iterable of tiles, such as `tqdm.tqdm`.
    """

    def __init__(self, network, config, tile=TILE, progress=iter):
        self.network, self.tile, self.progress = network, tile, progress
        self.overlap = generator.receptive_field(config)

    def __call__(self, image):
        height, width = image.shape[:2]
        grown = _mirror_up(image, SMALLEST)
        return self._tiled(grown)[: SCALE * height, : SCALE * width]

    def parameters(self):
        """The number of the network's weights, batch norm's moving statistics among them."""
        return self.network.count_params()

    def _tiled(self, image):
        """The picture put together from tiles, or in one piece where it is not larger than one."""
        rows, columns = (_spans(side, self.tile, self.overlap) for side in image.shape[:2])
        result = np.empty((SCALE * image.shape[0], SCALE * image.shape[1], 3), np.uint8)
        for row, column in self.progress([(row, column) for row in rows for column in columns]):
            sr = self._whole(image[row.read, column.read])
            result[row.write, column.write] = sr[row.keep, column.keep]
        return result

    def _whole(self, image):
        """One picture or tile in one piece."""
        lr = np.asarray(ranges.lr_from_pixels(image[None]))
        sr = self.network.predict_on_batch(lr)[0]
        return resize.to_uint8(np.asarray(ranges.pixels_from_hr(sr)))


class _Span:
    """One tile along one side: what to read of the LR, what to keep of its SR, where to write that."""

    def __init__(self, start, stop, size, overlap, window):
        first = min(max(start - overlap, 0), size - window)  # all windows are equally large: one compilation
        self.read = slice(first, first + window)
        self.keep = slice(SCALE * (start - first), SCALE * (stop - first))
        self.write = slice(SCALE * start, SCALE * stop)


def _spans(size, tile, overlap):
    """The tiles along a side of `size` pixels."""
    window = tile + 2 * overlap
    if not tile or size <= window:
        return [_Span(0, size, size, 0, size)]
    return [_Span(start, min(start + tile, size), size, overlap, window) for start in range(0, size, tile)]


def _mirror_up(image, smallest):
    """The picture mirrored at its right and lower edge until no side is below `smallest`."""
    missing = [(0, max(smallest - side, 0)) for side in image.shape[:2]]
    return np.pad(image, (*missing, (0, 0)), mode="symmetric")


def load(name, tile=TILE, progress=iter):
    """The function from LR to SR of that name: "bicubic", a shipped model or the path of one (see `models.load`)."""
    if str(name) == "bicubic":
        return resize.upscale
    return Upscaler(*models.load(name), tile=tile, progress=progress)


def picture(upscaler, source):
    """Enlarge an `images.Picture` and keep its kind.

    Args:
        upscaler: function from uint8 LR (height, width, 3) to uint8 SR.
        source: `images.Picture`.
    Returns:
        uint8 array (4 height, 4 width) for a grey picture, (…, 3) for colour, (…, 4) with transparency, the alpha
        enlarged by bicubic (a network trained on photographs knows nothing of masks).
    """
    sr = upscaler(source.rgb)
    if source.alpha is not None:
        return np.dstack([sr, resize.upscale(source.alpha)])
    return grey(sr) if source.grey else sr


def grey(rgb):
    """The grey values of an almost grey uint8 picture (height, width, 3): the rounded mean of its channels."""
    return resize.to_uint8(rgb.astype(np.float64).mean(axis=2))


def file(upscaler, source, target):
    """Enlarge the picture file `source` into the PNG file `target`; raises InputError as `images.read` does."""
    images.write_png(target, picture(upscaler, images.read(source)))
