"""What is shown of the models, drawn from files and run records: the README's figure, cards, sheets of pictures."""

import pathlib
import re

from srlib import files, records
from srlib.data import sources
from srlib.errors import InputError
from srlib.evaluation import leaderboard, protocol
from srlib.imaging import bicubic, figures
from srlib.machine import environment
from srlib.upscaling import model_files, upscaler

# The measures on a card: what fits the original, and whether it is as sharp and of the same colour.
_COLUMNS = {
    column: leaderboard.COLUMNS[column][0]
    for column in ("psnr", "ssim", "lr_psnr", "spectrum_error", "checkerboard", "colour_error")
}

# What each training set is, and under which terms; the sets themselves are not in this repository.
DATA = {
    "bsds400": "BSDS500 `train` and `test` (Arbeláez et al., PAMI 2011): non-commercial research",
    "bsds": "BSDS500 `train` (Martin et al., ICCV 2001; Arbeláez et al., PAMI 2011): non-commercial research",
    "coco": "COCO 2017 `train2017` images (Lin et al., ECCV 2014), a subset: Creative Commons, per image",
    "faces": "official portraits of US politicians (CivilServiceUSA), not FFHQ: mostly public domain, collection MIT",
    "embedded": "photographs inside scikit-image and scikit-learn: CC0, public domain or CC BY, per image",
}

_SHEET_TEXT = """Written by `srlib tables`. Photographs inside scikit-image that no model here was trained on, at fixed
places; PSNR and SSIM are those of the whole photograph's Y.
"""

_CARD = """# Model card: `{name}`

{about}. Use it: `srlib upscale photo.jpg -o out --model {name}`.

| | |
|---|---|
| task | single-image super-resolution ×4, uint8 in and out, any size |
| architecture | generator of Ledig et al. (CVPR 2017), {blocks} residual blocks of {filters} filters{skip} |
| trained on | {images} pictures: {data} |
| training | {training} |
| started from | {start} |
| made by | `srlib train {recipe}{overrides}` at commit {commit}, {time}, {machine} |
| checksum of the decoded training pixels | `{data_sha256}` |
| checksum of the weights | `{sha256}` |

## Scores
{scores}

{protocol}. What the columns mean: [all measures](../../tables/measures.md).

## Intended use
Teaching and research on super-resolution, and enlarging photographs that were made small by {reduction}.

## Limits and bias
- {input}
- It was trained on a few hundred photographs; what is rare in them it draws less well.
- Detail it adds is what looks likely, not what was there. It must never be used to identify a person or as evidence.
- {people}
"""
_REDUCTION = {
    "bicubic": "a clean bicubic reduction",
    "robust": "blurred, noisy or compressed reductions of a kind that it was trained on",
}
# What a model has seen of damage, by the setting `degradation`, and of people.
_INPUT = {
    "bicubic": "It learned from clean bicubic reductions: noise, blur and JPEG artefacts in the input are enlarged "
    "with the picture.",
    "robust": "It learned from blurred, noisy and JPEG-compressed reductions. What that costs on clean input, the "
    "scores above tell beside those of the model that it began with.",
}
_PEOPLE = (
    "The pictures were not chosen to represent people of all ages, genders and skin colours; nothing here measures "
    "that."
)
_OFFICIALS = (
    "The faces are those of adult US office holders: older and more male than a population, lit and framed for the "
    "occasion. It may draw others more like them; the records `faces-*` tell by light and size, not by who somebody "
    "is. What it gains over the generic network it gains on such portraits first: what is left of it on faces in "
    "everyday photographs, the records `everyday-faces-*` tell."
)


def write(name, out="results"):
    """Write the card of a shipped model to <out>/models/<name>/MODEL_CARD.md; returns its path."""
    header = model_files.header(name)
    path = pathlib.Path(out) / "models" / name / "MODEL_CARD.md"
    files.write_text(path, _text(name, header, _scores(name, out)))
    return path


def _text(name, header, scores):
    """The card's text from the model file's header and its scores."""
    config, about = header["config"], header["about"]
    damage = config.get("degradation", "bicubic")
    facts = {key: about.get(key) for key in ("commit", "time", "images", "data_sha256", "recipe")}
    return _CARD.format(
        name=name,
        about=_sentence(about.get("about", name)),
        blocks=config["generator_blocks"],
        filters=config["generator_filters"],
        skip=" and a global bicubic skip (a departure, without parameters)" if config["bicubic_skip"] else "",
        data="; ".join(_source(part) for part in config["train_data"].split("+")),
        training=_training(config, about),
        start=_origin(about.get("start")),
        overrides=_options(about),
        machine=environment.hardware(about),
        sha256=header["sha256"],
        reduction=_REDUCTION[damage],
        input=_INPUT[damage],
        people=_OFFICIALS if "faces" in re.split("[+@]", config["train_data"]) else _PEOPLE,
        scores=scores,
        protocol=protocol.PROTOCOL,
        **facts,
    )


def _origin(start):
    """The model that a training started from, in words."""
    return "`{recipe}` at commit {commit}, weights `{sha256}`".format(**start) if start else "fresh weights"


def _options(about):
    """What stood after the recipe's name: FILE is the model named above where a recipe went on from its own."""
    own = about.get("start") and about["start"]["recipe"] == about["recipe"]
    changed = "".join(f" -p {key} {value}" for key, value in about.get("overrides", {}).items())
    return (" --start FILE" if own else "") + changed


def _source(part):
    """A training set in words, with the side that "name@side" reduces it to."""
    name, _, side = part.partition("@")
    return f"`{name}` once more, reduced to {side} px" if side else DATA.get(name, name)


def _sentence(text):
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def _training(config, about):
    """The phase's steps, batch, rate, schedule and arithmetic in one line."""
    pixel = about.get("phase", "pixel") == "pixel"
    steps, rate = (config[f"{'pretrain' if pixel else 'gan'}_{name}"] for name in ("steps", "learning_rate"))
    loss = config["content_loss"].replace("+dssim", f" + {config.get('dssim_weight', 0.1):g} · dssim")
    loss += "" if pixel else f" + {config['adversarial_weight']:g} · adversarial"
    share = config.get("start_share", 0.0)
    mixed = f"; then {share:g} of the start's weights mixed in{about.get('mixed', '')}" if share else ""
    precision = about.get("precision", config["precision"])
    return (
        f"{steps:,} steps of {config['batch']} patches of {config['hr_patch']} px, {loss}, {config['optimizer']} "
        f"{rate:g}, {config['schedule']}, precision {precision}, seed {config['seed']}{mixed}"
    )


def _scores(name, out):
    """The model's mean scores as a table, bicubic's in brackets, from the records of `srlib evaluate --all`."""
    metrics = {record.id: record.read("metrics") for record in records.records(out)}
    own, bicubic = (metrics.get(f"evaluate-{each}", {}) for each in (name, "bicubic"))
    rows = [
        {
            "in brackets: bicubic": title,
            **{_COLUMNS[column]: _beside(own, bicubic, key, column) for column in _COLUMNS},
        }
        for key, title in leaderboard.TITLES.items()
        if f"{key}_psnr" in own
    ]
    return figures.table(rows) or "Not measured yet."


def _beside(own, bicubic, key, column):
    return f"{leaderboard.shown(own, key, column)} ({leaderboard.shown(bicubic, key, column)})"


def figure(path, photo="astronaut", box=(0, 128, 256)):
    """Draw the README's picture: an embedded photograph's detail by bicubic and by the default model, and as it was.

    Args:
        path: PNG file to write.
        photo: id of a photograph in the embedded test split.
        box: (top, left, side) of the detail, multiples of 4.
    """
    (chosen,) = (each for each in sources.load("embedded", "test") if each.id == photo)
    original, lr = protocol.pair(chosen)
    name = model_files.default()
    enlarged = {"bicubic": bicubic.upscale(lr), name: upscaler.load(name)(lr)}
    captions = ["input", *(figures.caption(key, *protocol.score(original, image)) for key, image in enlarged.items())]
    shown = [_detail(image, box) for image in (*enlarged.values(), original.rgb)]
    drawn = figures.pictures(
        [[_detail(lr, [number // 4 for number in box]), *shown]], [[*captions, "original"]], height=2.6
    )
    with files.replacing(path) as beside:
        beside.write_bytes(figures.png(drawn, dots=110))


# Places of the crop sheet, (id, (top, left, side)), in the embedded test split: those photographs may be published.
CROPS = (
    ("astronaut", (72, 172, 96)),
    ("astronaut", (336, 124, 96)),
    ("astronaut", (384, 384, 96)),
    ("chelsea", (72, 128, 96)),
    ("coins", (152, 176, 96)),
)
_SHEET = ("srresnet", "srgan")


def crop_sheet(folder, crops=CROPS):
    """Draw the same details by bicubic, by the pixel-trained and the adversarial network, and as they were.

    Args:
        folder: where crops.png and crops.md, the figure with its alternative text, are written.
        crops: pairs of (id in the embedded test split, (top, left, side)).
    Returns:
        the path of crops.md.
    """
    folder = pathlib.Path(folder)
    names = [name for name in _SHEET if name in model_files.available()] or [model_files.default()]
    upscalers = {name: upscaler.load(name) for name in ("bicubic", *names)}
    photos = dict.fromkeys(key for key, _ in crops)
    shown = {photo.id: _shown(photo, upscalers) for photo in sources.load("embedded", "test") if photo.id in photos}
    rows = [[_detail(image, box) for image in shown[key].values()] for key, box in crops]
    drawn = figures.pictures(rows, [list(shown[key]) for key, _ in crops], titles=[key for key, _ in crops])
    with files.replacing(folder / "crops.png") as beside:
        beside.write_bytes(figures.png(drawn, dots=80))
    alt = f"Details of {', '.join(photos)}: enlarged by {', '.join(upscalers)}, and the originals"
    files.write_text(folder / "crops.md", f"# Details side by side\n\n![{alt}](crops.png)\n\n{_SHEET_TEXT}")
    return folder / "crops.md"


FACES_SHOWN = 24


def face_sheet(path, names, root=None, data="faces", count=FACES_SHOWN):
    """Draw test faces by bicubic, by models and as they are, a row each, for the eye of whoever has the data.

    Args:
        path: PNG file to write. Portraits of real people do not belong into the repository, nor on a web page.
        names: names or paths of models; bicubic comes first whether named or not.
        root: data root, or None for SRLIB_DATA_ROOT.
        data: name of the data set whose first test pictures are drawn.
        count: int, how many.
    Returns:
        the path.
    Raises:
        InputError: the file would lie among the published results, or as `upscaler.load` and `sources.load`.
    """
    path = pathlib.Path(path)
    if records.KEPT in path.resolve().parents and data != "drawn-faces":
        raise InputError(f"{path}: portraits of real people are not published with the results; choose another folder")
    upscalers = {pathlib.Path(name).name: upscaler.load(name) for name in dict.fromkeys(["bicubic", *names])}
    photos = sources.load(data, "test", root).limit(count)
    shown = [_shown(photo, upscalers) for photo in photos]
    rows, captions = ([list(get(each)) for each in shown] for get in (dict.values, dict.keys))
    drawn = figures.pictures(rows, captions, titles=[photo.id for photo in photos])
    with files.replacing(path) as beside:
        beside.write_bytes(figures.png(drawn, dots=90))
    return path


def _shown(photo, upscalers):
    """A photograph's enlargements and itself: {caption with the scores of the whole: uint8 array}."""
    original, lr = protocol.pair(photo)
    enlarged = {name: enlarge(lr) for name, enlarge in upscalers.items()}
    captions = {figures.caption(name, *protocol.score(original, image)): image for name, image in enlarged.items()}
    return {**captions, "original": original.rgb}


def _detail(image, box):
    top, left, side = box
    return image[top : top + side, left : left + side]
