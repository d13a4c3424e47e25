"""Sheets of crops and of faces, and the README's figure: pictures by several networks beside their originals."""

import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from srlib import files, records
from srlib.config import SCALE
from srlib.data import sources
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.imaging import figures
from srlib.upscaling import model_files, upscaler

Crop = tuple[str, tuple[int, int, int]]  # a photograph's id, and (top, left, side) of a detail in pixels

# In the embedded test split: those photographs may be published.
README_CROP: Crop = ("astronaut", (0, 128, 256))
CROPS: tuple[Crop, ...] = (
    ("astronaut", (72, 172, 96)),
    ("astronaut", (336, 124, 96)),
    ("astronaut", (384, 384, 96)),
    ("chelsea", (72, 128, 96)),
    ("coins", (152, 176, 96)),
)
FACES_SHOWN = 24
_NETWORKS = ("srresnet", "srgan")  # on the crop sheet: pixel-trained and adversarial


def readme_figure(path: pathlib.Path | str) -> None:
    """Draw the README's figure into a PNG file: a detail's input, its enlargements, and the original."""
    key, box = README_CROP
    (photo,) = (each for each in sources.load("embedded", "test") if each.id == key)
    shown = _shown(photo, _upscalers([model_files.default()]))
    lr = _detail(protocol.pair(photo)[1], [number // SCALE for number in box])
    details = [lr, *(_detail(image, box) for image in shown.values())]
    drawn = figures.pictures([details], [["input", *shown]], height=2.6)
    files.write_bytes(path, figures.png(drawn, dots=110))


def crop_sheet(folder: pathlib.Path | str, crops: Sequence[Crop] = CROPS) -> pathlib.Path:
    """Draw the same details by bicubic, by the pixel-trained and the adversarial network, and of the originals.

    Args:
        folder: where crops.png and crops.md, the figure with its alternative text, are written.
        crops: details of photographs in the embedded test split.
    Returns:
        the path of crops.md.
    """
    from srlib.course.publishing import templating  # here, as a sheet of faces needs no templates

    folder = pathlib.Path(folder)
    upscalers = _upscalers([name for name in _NETWORKS if name in model_files.available()] or [model_files.default()])
    photos = dict.fromkeys(key for key, _ in crops)
    shown = {photo.id: _shown(photo, upscalers) for photo in sources.load("embedded", "test") if photo.id in photos}
    rows = [[_detail(image, box) for image in shown[key].values()] for key, box in crops]
    drawn = figures.pictures(rows, [list(shown[key]) for key, _ in crops], titles=[key for key, _ in crops])
    files.write_bytes(folder / "crops.png", figures.png(drawn, dots=80))
    files.write_text(folder / "crops.md", templating.render("crops.md", photos=photos, upscalers=upscalers))
    return folder / "crops.md"


def face_sheet(
    path: pathlib.Path | str,
    names: Iterable[pathlib.Path | str],
    *,
    root: pathlib.Path | str | None = None,
    data: str = "faces",
    count: int = FACES_SHOWN,
) -> pathlib.Path:
    """Draw test faces by bicubic, by models and as they are, a row each, for the eye of whoever has the data.

    Args:
        path: PNG file to write. Portraits of real people do not belong into the repository, nor on a web page.
        names: names or paths of models; bicubic comes first whether named or not.
        root: data root, or None for SRLIB_DATA_ROOT.
        data: name of the data set whose first test pictures are drawn.
        count: how many pictures.
    Returns:
        the path.
    Raises:
        InputError: the file would lie among the published results, or as `upscaler.load` and `sources.load`.
    """
    path = pathlib.Path(path)
    if records.KEPT in path.resolve().parents and data != "drawn-faces":
        raise InputError(f"{path}: portraits of real people are not published with the results; choose another folder")
    upscalers = _upscalers(names)
    photos = sources.load(data, "test", root=root).limit(count)
    shown = [_shown(photo, upscalers) for photo in photos]
    rows, captions = ([list(get(each)) for each in shown] for get in (dict.values, dict.keys))
    drawn = figures.pictures(rows, captions, titles=[photo.id for photo in photos])
    files.write_bytes(path, figures.png(drawn, dots=90))
    return path


def _upscalers(names: Iterable[pathlib.Path | str]) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Bicubic and models by name or path, each once: {file name: function from LR to SR}."""
    return {pathlib.Path(name).name: upscaler.load(name) for name in dict.fromkeys(["bicubic", *names])}


def _shown(photo: sources.Photo, upscalers: Mapping[str, Callable[[np.ndarray], np.ndarray]]) -> dict[str, np.ndarray]:
    """A photograph's enlargements and the original, uint8 (height, width, 3), by caption with the whole's scores."""
    original, lr = protocol.pair(photo)
    enlarged = {name: enlarge(lr) for name, enlarge in upscalers.items()}
    captions = {figures.caption(name, protocol.score(original, image)): image for name, image in enlarged.items()}
    return {**captions, "original": original.rgb}


def _detail(image: np.ndarray, box: Sequence[int]) -> np.ndarray:
    top, left, side = box
    return image[top : top + side, left : left + side]
