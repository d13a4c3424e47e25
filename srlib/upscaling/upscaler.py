"""Using a generator: from uint8 pictures of any size to uint8 pictures four times as large."""

import numpy as np

from srlib.config import SCALE
from srlib.imaging import bicubic, pictures, tiling
from srlib.upscaling import folded_network, model_files

SMALLEST = 4  # LR pixels; a smaller picture is mirrored up to this and cut back
TILE = 512  # LR pixels; pictures beyond it are worked on in tiles, so that memory stays bounded
_STRIP = 2**13  # LR pixels that are brought to full size at a time: each has four times 256 channels on the way
_WORTH_KERAS = 2e11  # products from which on NumPy takes longer than Keras with its start: about 300 × 300 LR pixels


class Upscaler:
    """A network as a function from uint8 LR (height, width, 3) to uint8 SR (4 height, 4 width, 3).

    Tiles overlap by the network's receptive field, so that the result is that of the whole picture at once.

    Args:
        network: generator, LR in [0, 1] to SR in [-1, 1]; its weights are read now.
        config: its `Config`.
        tile: int, LR pixels on a tile's side without overlap; 0 never tiles.
        progress: callable taking an iterable of tiles, such as `tqdm.tqdm`.
        precision: "float32", "mixed_bfloat16", or "auto" (see `run_in_keras.resolve`).
    """

    def __init__(self, network, config, tile=TILE, progress=iter, precision="float32"):
        from srlib.upscaling import run_in_keras  # and with it Keras, which not every upscaler needs

        self.network = network
        folded = folded_network.fold(config, network.get_weights())
        self._use(folded, run_in_keras.Engine(folded, precision), tile, progress)

    def _use(self, folded, engine, tile, progress):
        self.engine, self.tile, self.progress = engine, tile, progress
        self.overlap = folded.reach() + folded_network.PICTURE_REACH

    def __call__(self, image):
        height, width = image.shape[:2]
        grown = _mirror_up(image, SMALLEST)
        return self._tiled(grown)[: SCALE * height, : SCALE * width]

    def parameters(self):
        """The number of the network's weights, batch norm's moving statistics among them."""
        return self.network.count_params()

    def _tiled(self, image):
        """The picture put together from tiles, or in one piece where it is not larger than one."""
        rows, columns = (tiling.spans(side, self.tile, self.overlap, SCALE) for side in image.shape[:2])
        result = np.empty((SCALE * image.shape[0], SCALE * image.shape[1], 3), np.uint8)
        for row, column in self.progress([(row, column) for row in rows for column in columns]):
            sr = self._whole(image[row.read, column.read])
            result[row.write, column.write] = sr[row.keep, column.keep]
        return result

    def _whole(self, image):
        """One picture or tile: its features in one piece, from them the picture in strips."""
        height, width = image.shape[:2]
        pixels = np.asarray(image[None], np.float32)
        features = self.engine.features(pixels)
        result = np.empty((SCALE * height, SCALE * width, 3), np.uint8)
        for rows in tiling.spans(height, max(_STRIP // width, 1), folded_network.PICTURE_REACH, SCALE):
            sr = self.engine.picture(features[:, rows.read], pixels[:, rows.read])[0]
            result[rows.write] = bicubic.to_uint8(sr[rows.keep])
        return result


class Prompt(Upscaler):
    """An upscaler in NumPy: it is there at once, and for little work it is done before Keras is imported.

    Args:
        name: of a model, as `model_files.read` takes it.
        tile, progress: as `Upscaler`'s.
    """

    def __init__(self, name, tile=TILE, progress=iter):
        from srlib.upscaling import run_in_numpy

        folded = model_files.fold(name)
        self._use(folded, run_in_numpy.Engine(folded), tile, progress)


def _mirror_up(image, smallest):
    """The picture mirrored at its right and lower edge until no side is below `smallest`."""
    missing = [(0, max(smallest - side, 0)) for side in image.shape[:2]]
    return np.pad(image, (*missing, (0, 0)), mode="symmetric")


def load(name, tile=TILE, progress=iter, precision="float32", prompt=False):
    """The function from LR to SR of that name: "bicubic", a shipped model or the path of one (see `model_files.load`).

    Args:
        name: the model.
        tile, progress, precision: as `Upscaler`'s.
        prompt: bool, whether it shall be a `Prompt`, which is in float32.
    """
    if str(name) == "bicubic":
        return bicubic.upscale
    if prompt:
        return Prompt(name, tile, progress)
    return Upscaler(*model_files.load(name), tile=tile, progress=progress, precision=precision)


def is_little(name, paths):
    """Whether NumPy enlarges these picture files by that model in less time than Keras takes to start; bicubic does."""
    return are_few(name, sum(map(pictures.pixels, paths)))


def are_few(name, pixels):
    """Whether that many LR pixels are too few for a model to be worth Keras' start; for bicubic they always are."""
    return str(name) == "bicubic" or model_files.fold(name).multiply_adds() * pixels <= _WORTH_KERAS


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
        return np.dstack([sr, bicubic.upscale(source.alpha)])
    return grey(sr) if source.grey else sr


def grey(rgb):
    """The grey values of an almost grey uint8 picture (height, width, 3): the rounded mean of its channels."""
    return bicubic.to_uint8(rgb.astype(np.float64).mean(axis=2))


def file(upscaler, source, target):
    """Enlarge the picture file `source` into the PNG file `target`; raises InputError as `images.read` does."""
    pictures.write_png(target, picture(upscaler, pictures.read(source)))
