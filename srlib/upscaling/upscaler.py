"""Upscaler: a generator as a function from uint8 pictures of any size to uint8 pictures four times as large."""

import abc
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from srlib.config import SCALE, Config
from srlib.files import PathLike
from srlib.imaging import bicubic, pictures, tiling
from srlib.machine.backend import import_keras
from srlib.upscaling import folded_network, model_files, run_in_numpy

if TYPE_CHECKING:
    import keras

SMALLEST = 4  # LR pixels; a smaller picture is mirrored up to this and cut back
TILE = 512  # LR pixels; pictures beyond it are worked on in tiles, so that memory stays bounded
_STRIP = 2**13  # LR pixels that are brought to full size at a time: each has four times 256 channels on the way
_WORTH_KERAS = 2e11  # products from which on NumPy takes longer than Keras with its start: about 300 × 300 LR pixels

Tile = tuple[tiling.Span, tiling.Span]
Progress = Callable[[list[Tile]], Iterable[Tile]]


class Backend(Protocol):
    """What runs a folded network: a `run_in_keras.KerasBackend` or a `run_in_numpy.NumpyBackend`."""

    def features(self, pixels: np.ndarray) -> Any:
        """The features (1, height, width, filters) of float32 (1, height, width, 3), values 0..255."""

    def picture(self, features: Any, pixels: np.ndarray) -> np.ndarray:
        """The picture, float32 (1, 4 height, 4 width, 3), values 0..255 not rounded."""


class TiledUpscaler(abc.ABC):
    """Upscaler that works in tiles which overlap; a base class.

    Args:
        overlap: LR pixels that a tile's result depends on beyond its edges.
        tile: LR pixels on a tile's side without overlap; 0 never tiles.
        progress: function of a list of tiles that iterates over it, such as `tqdm.tqdm`.
    """

    def __init__(self, overlap: int, *, tile: int, progress: Progress) -> None:
        self.overlap, self.tile, self.progress = overlap, tile, progress

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """uint8 (4 height, 4 width, 3) of uint8 (height, width, 3)."""
        height, width = image.shape[:2]
        missing = [(0, max(SMALLEST - side, 0)) for side in (height, width)]
        grown = np.pad(image, (*missing, (0, 0)), mode="symmetric")
        return self._tiled(grown)[: SCALE * height, : SCALE * width]

    @abc.abstractmethod
    def parameters(self) -> int:
        """The number of the network's weights, batch norm's moving statistics among them."""

    def _tiled(self, image: np.ndarray) -> np.ndarray:
        """The picture put together from tiles, or in one piece where it is not larger than one."""
        rows, columns = (tiling.spans(side, self.tile, overlap=self.overlap, scale=SCALE) for side in image.shape[:2])
        result = np.empty((SCALE * image.shape[0], SCALE * image.shape[1], 3), np.uint8)
        for row, column in self.progress([(row, column) for row in rows for column in columns]):
            sr = self._whole(image[row.read, column.read])
            result[row.write, column.write] = sr[row.keep, column.keep]
        return result

    @abc.abstractmethod
    def _whole(self, image: np.ndarray) -> np.ndarray:
        """One picture or tile in one piece."""


class Upscaler(TiledUpscaler):
    """Folded network as a function from uint8 LR (height, width, 3) to uint8 SR (4 height, 4 width, 3).

    Tiles overlap by the network's receptive field, so that the result is that of the whole picture at once.

    Args:
        network: the network.
        backend: runs that network.
        tile, progress: as `TiledUpscaler` takes them.
    """

    def __init__(
        self, network: folded_network.Network, backend: Backend, *, tile: int = TILE, progress: Progress = iter
    ) -> None:
        super().__init__(network.reach() + folded_network.PICTURE_REACH, tile=tile, progress=progress)
        self.network, self.backend = network, backend

    def parameters(self) -> int:
        return self.network.parameters

    def _whole(self, image: np.ndarray) -> np.ndarray:
        """One picture or tile: its features in one piece, from them the picture in strips."""
        height, width = image.shape[:2]
        pixels = np.asarray(image[None], np.float32)
        features = self.backend.features(pixels)
        result = np.empty((SCALE * height, SCALE * width, 3), np.uint8)
        for rows in tiling.spans(height, max(_STRIP // width, 1), overlap=folded_network.PICTURE_REACH, scale=SCALE):
            sr = self.backend.picture(features[:, rows.read], pixels[:, rows.read])[0]
            result[rows.write] = bicubic.to_uint8(sr[rows.keep])
        return result


def of_network(
    network: "keras.Model", config: Config, *, precision: str = "float32", tile: int = TILE, progress: Progress = iter
) -> Upscaler:
    """The upscaler of a generator in memory, run by Keras; its weights are read now.

    Args:
        network: of `generator.build(config)`.
        config: the settings.
        precision: as `run_in_keras.resolve` takes it.
        tile, progress: as `TiledUpscaler` takes them.
    """
    folded = folded_network.fold(config, network.get_weights())
    return _in_keras(folded, precision, tile=tile, progress=progress)


def load(
    name: PathLike,
    *,
    pixels: int | None = None,
    precision: str = "float32",
    tile: int = TILE,
    progress: Progress = iter,
) -> Callable[[np.ndarray], np.ndarray]:
    """The upscaler of that name; it is run by Keras, or by NumPy where that is done before Keras has started.

    Args:
        name: "bicubic", or a model as `model_files.find` takes it.
        pixels: LR pixels that it is going to enlarge; None where they are not known, which is for Keras.
        precision: as `run_in_keras.resolve` takes it; NumPy has float32 alone.
        tile, progress: as `TiledUpscaler` takes them.
    Raises:
        InputError: as `model_files.fold`, or unknown precision.
    """
    if str(name) == "bicubic":
        return bicubic.upscale
    network = model_files.fold(name)
    if precision in ("auto", "float32") and pixels is not None and network.multiply_adds() * pixels <= _WORTH_KERAS:
        return Upscaler(network, run_in_numpy.NumpyBackend(network), tile=tile, progress=progress)
    import_keras()
    return _in_keras(network, precision, tile=tile, progress=progress)


def _in_keras(network: folded_network.Network, precision: str, **options: Any) -> Upscaler:
    from srlib.upscaling import run_in_keras  # and with it Keras, which not every upscaler needs

    return Upscaler(network, run_in_keras.KerasBackend(network, precision), **options)


def picture(upscaler: Callable[[np.ndarray], np.ndarray], source: pictures.Picture) -> np.ndarray:
    """Enlarge a picture and keep its kind.

    Args:
        upscaler: function from uint8 LR (height, width, 3) to uint8 SR.
        source: the picture.
    Returns:
        uint8 (4 height, 4 width) for a grey picture, (…, 3) for colour, (…, 4) with transparency, the alpha enlarged
        by bicubic (a network trained on photographs knows nothing of masks).
    """
    sr = upscaler(source.rgb)
    if source.alpha is not None:
        return np.dstack([sr, bicubic.upscale(source.alpha)])
    return grey(sr) if source.grey else sr


def grey(rgb: np.ndarray) -> np.ndarray:
    """The grey values of an almost grey uint8 picture (height, width, 3): the rounded mean of its channels."""
    return bicubic.to_uint8(rgb.astype(np.float64).mean(axis=2))


def file(upscaler: Callable[[np.ndarray], np.ndarray], source: PathLike, *, target: PathLike) -> None:
    """Enlarge the picture file `source` into the PNG file `target`; raises InputError as `pictures.read` does."""
    pictures.write_png(target, picture(upscaler, pictures.read(source)))
