"""Face measures: whether an enlarged face is still the same person's, and where eyes and mouth have gone.

PSNR does not tell that. A public recogniser (dlib's, with the weights of `face-recognition-models`) describes a face by
128 numbers; it takes two pictures closer than 0.6 for one person. How far the enlarged picture lies from the original
says how much of the identity was lost or invented. It is a measure of pictures; no enlarged face may be used to
identify anybody, and a recogniser errs more often on the people its makers photographed less.

Everything is measured where the face is in the original: the detector looks there alone, and the same box serves the
enlarged picture, so that no model gains by faces that are not found. Pictures without a face have a row that says so.
"""

import dataclasses
import importlib.util
import math
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tqdm

from srlib import records
from srlib.data import sources
from srlib.errors import InputError
from srlib.evaluation import protocol, statistics
from srlib.files import PathLike
from srlib.imaging import metrics
from srlib.machine import extras
from srlib.upscaling import upscaler

PROTOCOL = (
    "dlib HOG detector on the original (at twice its size if none is found), largest face, the same box for the "
    "enlarged picture; 68 landmarks in each; 128-number descriptors without jitter, distances to the original's; "
    "landmark error in parts of the distance between the outer corners of the eyes; PSNR on Y of studio-range BT.601 "
    "inside the face's box, and over eyes and mouth; LR-consistency: RGB PSNR of the enlarged picture, reduced again, "
    "to the LR it was made from; PSNR and SSIM of the whole picture: " + protocol.PROTOCOL
)
_LEFT_EYE, _RIGHT_EYE, _MOUTH = slice(36, 42), slice(42, 48), slice(48, 68)  # of the 68 landmarks
_OUTER_CORNERS = (36, 45)
_AROUND = 0.1  # of the distance between the eyes, how far a part's box goes beyond its landmarks


Box = tuple[int, int, int, int]  # top, left, bottom, right, in pixels


@dataclasses.dataclass(frozen=True)
class FaceGeometry:
    """Place of a face in a picture: its box, and its landmarks as float (68, 2), x and y."""

    box: Box
    landmarks: np.ndarray

    def interocular(self) -> float:
        """The distance between the outer corners of the eyes, in pixels."""
        left, right = self.landmarks[list(_OUTER_CORNERS)]
        return float(np.hypot(*(left - right)))


@dataclasses.dataclass(frozen=True)
class FaceMeasures:
    """Measures of one image; NaN where `face` is 0 because none was found in the original.

    Args:
        image: id.
        face: 1 where the original has a face.
        found: 1 where the detector finds one in the enlarged picture too.
        euclidean, cosine: distances of the descriptors, 0 for the same; `cosine` is 1 less the cosine.
        landmark_error: mean distance of the landmarks, in parts of the distance between the eyes' outer corners.
        psnr_face, psnr_eyes, psnr_mouth: dB on Y.
        lr_consistency: dB.
        psnr, ssim: of the whole picture, by `protocol.score`.
        face_width: pixels of the box. brightness: median Y of the original inside it, 16 to 235.
    """

    image: str
    face: int = 0
    found: int = 0
    euclidean: float = math.nan
    cosine: float = math.nan
    landmark_error: float = math.nan
    psnr_face: float = math.nan
    psnr_eyes: float = math.nan
    psnr_mouth: float = math.nan
    lr_consistency: float = math.nan
    psnr: float = math.nan
    ssim: float = math.nan
    face_width: float = math.nan
    brightness: float = math.nan


Rows = Sequence[FaceMeasures]
Table = list[dict[str, Any]]
MEASURES = tuple(field.name for field in dataclasses.fields(FaceMeasures))[3:-2]
GROUPS = {"brightness": ("darker", "middle", "brighter"), "face_width": ("smaller", "middle", "larger")}


class Recogniser:
    """dlib's detector, landmarks and descriptors, on the CPU.

    Raises:
        InputError: dlib or its weights are not installed; the message says how to get them.

    Source: King, "Dlib-ml: a machine learning toolkit", JMLR 10, 2009; landmarks after Kazemi and Sullivan, "One
    millisecond face alignment with an ensemble of regression trees", CVPR 2014.
    """

    def __init__(self) -> None:
        package = importlib.util.find_spec("face_recognition_models")  # to import it needs a setuptools of before 2026
        with extras.needed("measuring faces", "identity"):
            import dlib

            if package is None:
                raise ModuleNotFoundError(name="face_recognition_models")
        folder = pathlib.Path(package.origin).parent / "models"
        self._dlib = dlib
        self._detector = dlib.get_frontal_face_detector()
        self._shapes = dlib.shape_predictor(str(folder / "shape_predictor_68_face_landmarks.dat"))
        self._network = dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat"))

    def find(self, image: np.ndarray) -> FaceGeometry | None:
        """The largest face of a uint8 picture (height, width, 3); None where there is none."""
        image = np.ascontiguousarray(image)
        boxes = self._detector(image, 0) or self._detector(image, 1)  # at twice the size it finds faces below 80 px
        if not boxes:
            return None
        largest = max(boxes, key=lambda box: box.area())
        height, width = image.shape[:2]
        top, left = max(largest.top(), 0), max(largest.left(), 0)
        return self.within(image, (top, left, min(largest.bottom() + 1, height), min(largest.right() + 1, width)))

    def within(self, image: np.ndarray, box: Box) -> FaceGeometry:
        """The face that a picture has in a box that is known."""
        points = self._shape(image, box).parts()
        return FaceGeometry(box, np.array([(point.x, point.y) for point in points], float))

    def describe(self, image: np.ndarray, box: Box) -> np.ndarray:
        """The descriptor of the face in a box: float64 (128,)."""
        image = np.ascontiguousarray(image)
        return np.array(self._network.compute_face_descriptor(image, self._shape(image, box), 0, 0.25))

    def _shape(self, image, box):
        top, left, bottom, right = box
        rectangle = self._dlib.rectangle(left, top, right - 1, bottom - 1)
        return self._shapes(np.ascontiguousarray(image), rectangle)


def measure(enlarged: protocol.Enlarged, recogniser: Recogniser) -> FaceMeasures:
    """The measures of one image, an original and what a model made of its LR."""
    original, sr = enlarged.original.rgb, enlarged.sr
    psnr, ssim = protocol.score(enlarged.original, sr)
    found = int(recogniser.find(sr) is not None)
    whole = {"lr_consistency": protocol.lr_psnr(enlarged), "psnr": psnr, "ssim": ssim}
    face = recogniser.find(original)
    if face is None:
        return FaceMeasures(enlarged.image, found=found, **whole)
    own, theirs = (recogniser.describe(picture, face.box) for picture in (original, sr))
    planes = metrics.luma(original), metrics.luma(sr)
    landmarks = recogniser.within(sr, face.box).landmarks
    return FaceMeasures(
        enlarged.image,
        face=1,
        found=found,
        euclidean=float(np.linalg.norm(own - theirs)),
        cosine=float(1 - own @ theirs / np.linalg.norm(own) / np.linalg.norm(theirs)),
        landmark_error=float(np.hypot(*(face.landmarks - landmarks).T).mean() / face.interocular()),
        psnr_face=_psnr_inside(planes, [face.box]),
        psnr_eyes=_psnr_inside(planes, [_around(face, part) for part in (_LEFT_EYE, _RIGHT_EYE)]),
        psnr_mouth=_psnr_inside(planes, [_around(face, _MOUTH)]),
        face_width=float(face.box[3] - face.box[1]),
        brightness=float(np.median(_inside(planes[0], face.box))),
        **whole,
    )


def _psnr_inside(planes, boxes):
    """PSNR in dB over the pixels of two planes (height, width) that lie in any of the boxes; NaN where none does."""
    chosen = np.zeros(planes[0].shape, bool)
    for box in boxes:
        _inside(chosen, box)[...] = True
    return metrics.psnr(*(plane[chosen] for plane in planes)) if chosen.any() else math.nan


def _inside(plane, box):
    """The part of a plane in a box (top, left, bottom, right)."""
    top, left, bottom, right = box
    return plane[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]


def _around(face, part):
    """The box around some of a face's landmarks, a little larger than they reach."""
    points, margin = face.landmarks[part], _AROUND * face.interocular()
    left, top = np.floor(points.min(axis=0) - margin).astype(int)
    right, bottom = np.ceil(points.max(axis=0) + margin).astype(int) + 1
    return int(top), int(left), int(bottom), int(right)


def summary(rows: Rows) -> Table:
    """Each measure's mean with the 95% interval over the images, and of how many.

    Returns:
        rows with measure, mean, low, high, images (with a finite value), without_face (images without a face).
    """
    without = sum(not row.face for row in rows)
    values = {name: [getattr(row, name) for row in rows] for name in MEASURES}
    return [
        {"measure": name, **_interval(own), "images": sum(map(math.isfinite, own)), "without_face": without}
        for name, own in values.items()
    ]


def _interval(values):
    """Mean and 95% interval as columns of a table."""
    return dict(zip(("mean", "low", "high"), statistics.interval(values)))


def differences(rows: Rows, reference: Rows) -> Table:
    """As `summary`, of the paired differences to other rows of the same images: rows minus reference.

    Raises:
        InputError: the rows are of different images.
    """
    if [row.image for row in rows] != [row.image for row in reference]:
        raise InputError("the rows to compare are not of the same images in the same order")
    changes = [
        {name: getattr(one, name) - getattr(other, name) for name in MEASURES} for one, other in zip(rows, reference)
    ]
    return summary([dataclasses.replace(row, **change) for row, change in zip(rows, changes)])


def breakdown(rows: Rows, by: str, *, measure: str = "euclidean") -> Table:
    """A measure in the thirds of a set by the brightness or the width of the face.

    Its limits: brightness is that of the picture inside the face's box, so light, exposure and skin in one; it stands
    for no group of people, and a third of a small set is a handful of them. Age, gender, origin or glasses are in no
    file of these data and are not guessed.

    Args:
        rows: those without a face are in no group and have a line of their own where there are any.
        by: a key of `GROUPS`.
        measure: one of `MEASURES`.
    Returns:
        rows with group, least and most (of `by`), mean, low, high, images.
    """
    known = sorted((row for row in rows if row.face), key=lambda row: getattr(row, by))
    parts = np.array_split(np.arange(len(known)), len(GROUPS[by]))
    groups = {name: [known[index] for index in part] for name, part in zip(GROUPS[by], parts)}
    if len(known) < len(rows):
        groups["no face found"] = [row for row in rows if not row.face]
    table = []
    for name, members in groups.items():
        places = [getattr(row, by) for row in members if row.face]
        ends = {"least": min(places, default=math.nan), "most": max(places, default=math.nan)}
        means = _interval([getattr(row, measure) for row in members])
        table.append({"group": name, **ends, **means, "images": len(members)})
    return table


def record(
    name: str, rows: Rows, *, out: PathLike = "results", data: str = "faces", against: Mapping[str, Rows] | None = None
) -> records.Record:
    """Write a model's rows, their summary, breakdowns and differences as the run record <data>-<name>.

    Args:
        name: the model's.
        rows: of all images.
        out: output root.
        data: name of the data set.
        against: {name of another model: its rows of the same images}; differences are the model's minus its.
    """
    against = against or {}
    tables = {"images": rows, "summary": summary(rows)}
    for by in GROUPS:
        tables |= {f"by_{by}": breakdown(rows, by), f"psnr_by_{by}": breakdown(rows, by, measure="psnr")}
    paired = [{"reference": key, **line} for key, theirs in against.items() for line in differences(rows, theirs)]
    tables |= {"differences": paired} if paired else {}
    measured = {row["measure"]: row["mean"] for row in tables["summary"]}
    counts = {"images": len(rows), "without_face": sum(not row.face for row in rows)}
    counts["not_found_again"] = sum(row.face and not row.found for row in rows)
    settings = {"model": name, "data": data, "references": list(against), "protocol": PROTOCOL}
    metrics_ = {"model": name, "headline": _headline(name, measured, counts, paired), **counts, **measured}
    return records.write(out, f"{data}-{name}", config=settings, metrics=metrics_, tables=tables)


def _headline(name, measured, counts, paired):
    """A model's descriptor distance and PSNR, and how they differ from the references'."""
    text = f"{name}: descriptor {measured['euclidean']:.3f} from the original, PSNR-Y {measured['psnr']:.2f} dB over "
    text += f"{counts['images']} images, {counts['without_face']} without a face"
    for row in paired:
        if row["measure"] in ("euclidean", "psnr"):
            unit = " dB" if row["measure"] == "psnr" else ""
            ends = f"({row['low']:+.3f} to {row['high']:+.3f})"
            text += f"; {row['measure']} against {row['reference']} {row['mean']:+.3f}{unit} {ends}"
    return text


def measure_models(
    models: Iterable[PathLike],
    image_set: sources.ImageSet,
    *,
    reference: PathLike = "bicubic",
    out: PathLike = "results",
) -> Iterator[records.Record]:
    """Measure bicubic, a reference and models on the faces of a set; each gets its record, <name of the set>-<model>.

    Args:
        models: names or paths as `upscaler.load` takes them.
        image_set: the photos, reduced by bicubic.
        reference: name or path of the model that the others are compared with, image by image; bicubic is always one.
        out: output root of the records.
    Yields:
        each record as soon as it is written, with the tables images, summary, differences and breakdowns.
    Raises:
        InputError: as `Recogniser` and `upscaler.load`; or two models have one name.
    """
    recogniser, measured = Recogniser(), {}  # first: without it nothing else is worth loading
    for name, enlarge in _upscalers(["bicubic", reference, *models]).items():
        against = {key: rows for key, rows in measured.items() if key in ("bicubic", _label(reference))}
        enlarged = protocol.enlarge_all(enlarge, tqdm.tqdm(image_set))
        measured[name] = [measure(each, recogniser) for each in enlarged]
        yield record(name, measured[name], out=out, data=image_set.name, against=against)


def _upscalers(models):
    """{name in the records: upscaler} of models by name or path."""
    wanted = {str(model): _label(model) for model in models}
    if len(set(wanted.values())) < len(wanted):
        raise InputError(f"two of the models would have one record: {', '.join(wanted)}")
    return {label: upscaler.load(model) for model, label in wanted.items()}


def _label(model):
    """A model's name in the records: of a path the file's, without its ending."""
    path = pathlib.Path(model)
    return path.stem if path.suffix else str(model)
