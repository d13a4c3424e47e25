"""Drawn faces: synthetic portraits from a seed, for when many faces are needed and nothing can be downloaded.

Every picture is synthetic: no person sat for it and no photograph was used, and whatever shows one says so. A face is
a smooth relief lit from one side, under thousands of drawn hairs: soft shading for the eye, fine detail to restore.

Points are in face units, (u, v): 0, 0 between the eyes, 1 the half-width of the face, v downwards. Pictures are
drawn at twice their size and reduced, which smooths the edges that `ImageDraw` leaves jagged.
"""

import dataclasses

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from srlib.errors import InputError

_SPLITS = {"train": range(600), "validation": range(600, 650), "test": range(650, 700)}
_SEED = 20170914
_UNIT = 0.232  # half-width of a face of average size, as part of the picture's width
_FINE = 2  # canvas pixels per picture pixel
_MOUTH = 0.79  # v of the parting of the lips
_SMALLEST = 32  # below it there are too few pixels for an eye

_SKIN = ((253, 226, 209), (243, 205, 178), (226, 176, 140), (193, 136, 100), (146, 96, 69), (102, 67, 52))
_HAIR = {
    "black": (30, 26, 27),
    "espresso": (54, 38, 31),
    "brown": (88, 60, 42),
    "chestnut": (112, 66, 42),
    "auburn": (136, 62, 36),
    "ginger": (184, 96, 44),
    "honey": (176, 130, 78),
    "blond": (210, 174, 116),
    "silver": (168, 166, 165),
    "white": (202, 198, 193),
    "teal": (38, 112, 122),
    "rose": (196, 104, 128),
}
_IRIS = ((74, 44, 26), (104, 66, 36), (128, 96, 52), (98, 118, 74), (84, 124, 156), (118, 138, 150))
_CLOTH = (
    ((38, 52, 88), (226, 222, 212)),
    ((128, 40, 48), (238, 214, 196)),
    ((42, 88, 78), (202, 216, 190)),
    ((222, 214, 200), (118, 96, 80)),
    ((52, 52, 58), (140, 144, 152)),
    ((206, 148, 60), (92, 58, 44)),
    ((96, 122, 162), (232, 236, 240)),
    ((150, 84, 116), (240, 206, 208)),
)
_SCENE = (
    ((58, 82, 104), (156, 178, 188)),
    ((92, 74, 66), (206, 182, 156)),
    ((66, 92, 76), (178, 192, 158)),
    ((88, 78, 108), (196, 176, 192)),
    ((120, 124, 130), (220, 220, 216)),
    ((44, 46, 58), (118, 112, 120)),
    ((150, 104, 84), (232, 196, 160)),
)
_STYLES = {  # by (masculine, short)
    (True, True): ("parted", "swept", "swept", "buzz", "bald", "horseshoe", "curls", "crop"),
    (True, False): ("long", "waves", "bun", "afro"),
    (False, True): ("parted", "swept", "curls", "crop"),
    (False, False): ("long", "waves", "bob", "bun", "afro", "long fringe", "bob fringe", "ringlets"),
}
_FRAMES = {"round": (2.0, (0.3, 0.28), 0.045), "square": (4.0, (0.33, 0.24), 0.055), "wire": (2.6, (0.31, 0.25), 0.02)}
_FRAME_COLOURS = ((28, 26, 28), (92, 54, 34), (120, 36, 44), (46, 62, 92), (124, 98, 58))
_CLOTHS = ("stripes", "check", "dots", "knit", "herringbone", "twill")


def indices(split):
    """The indices of the faces of a split; no face is in two splits.

    Args:
        split: "train", "validation" or "test".
    Returns:
        range of ints: 600, 50 and 50 of them.
    Raises:
        InputError: there is no such split.
    """
    if split not in _SPLITS:
        raise InputError(f"drawn faces have no split {split!r}; there are {', '.join(_SPLITS)}")
    return _SPLITS[split]


def draw(index, size=256):
    """Draw a synthetic face; the same index and size give the same bytes on every call.

    Args:
        index: int from 0 on, which person.
        size: int, side of the picture in pixels, at least 32.
    Returns:
        uint8 array (size, size, 3), RGB 0..255.
    Raises:
        InputError: the index is negative or the size too small.
    """
    if index < 0:
        raise InputError(f"the index of a drawn face is 0 or more, not {index}")
    if size < _SMALLEST:
        raise InputError(f"a drawn face is {_SMALLEST} pixels wide or more, not {size}")
    stage = _Stage(_person(index), size)
    hair = _front_hair(stage)  # first, for the shadow that it casts
    _background(stage)
    _back_hair(stage)
    _body(stage)
    _head(stage, hair)
    _features(stage)
    stage.hairs(hair, stage.person.hair_colour)
    _glasses(stage)
    return _photograph(stage)


# The person


@dataclasses.dataclass(frozen=True)
class _Person:
    """What makes a face this person's; numbers without a unit are 0..1 or in face units."""

    index: int
    masculine: float
    age: float
    skin: np.ndarray
    hair_colour: np.ndarray
    brow_colour: np.ndarray
    style: str
    volume: float
    hairline: float  # v above the nose
    part: float  # u
    iris: np.ndarray
    jaw: tuple  # power and root of its curve: higher power and lower root are squarer
    chin: float  # v of its lowest point
    nose: tuple  # width, v of the tip, height
    eye: tuple  # half-width, how far open, slant, u of the middle
    brow: tuple  # thickness, arch, v, rise towards the temple
    lips: tuple  # half-width, thickness of the upper and of the lower
    smile: float
    beard: str
    freckles: float
    makeup: float
    glasses: str
    cloth: tuple  # two colours, pattern, neckline
    scene: tuple  # the background from dark to light
    tilt: float
    yaw: float
    scale: float
    centre: tuple
    light: np.ndarray  # unit vector towards the light: right, down, towards us

    def random(self, layer):
        """A generator of this person's own for one layer, so that no layer's draws shift another's."""
        return np.random.default_rng([_SEED, self.index, *layer.encode()])


def _person(index):
    """Everything about person `index`, drawn from the index alone."""
    random = np.random.default_rng([_SEED, index])
    masculine = float(np.clip(random.choice([0.15, 0.85]) + random.normal(0, 0.1), 0, 1))
    age = float(random.beta(1.3, 1.8))
    tone = random.uniform(0, 1)
    return _Person(
        index=index,
        masculine=masculine,
        age=age,
        skin=_skin(random, tone),
        **_hair_colours(random, tone, age),
        **_hair_cut(random, masculine, age),
        iris=_mixed(_IRIS, random.uniform(0, 1) * (1 if tone < 0.35 else 0.3)),
        **_shape(random, masculine),
        smile=float(random.uniform(0.1, 1)),
        beard=_beard_kind(random, masculine),
        freckles=float(random.uniform(0.4, 1)) if random.random() < 0.45 * (1 - tone) else 0.0,
        makeup=float(random.uniform(0.2, 1)) if random.random() < 0.75 * (1 - masculine) else 0.0,
        glasses=str(random.choice(["none", "none", "none", "round", "square", "wire"])),
        cloth=(_CLOTH[random.integers(len(_CLOTH))], str(random.choice(_CLOTHS)), int(random.integers(3))),
        scene=_SCENE[random.integers(len(_SCENE))],
        **_pose(random),
    )


def _skin(random, tone):
    """RGB of a skin: its depth from the palette, its undertone between pink and olive."""
    undertone = random.normal(0, 1) * np.array([1.5, -0.5, -4.0])
    return np.clip(_mixed(_SKIN, tone) + undertone, 20, 255)


def _mixed(palette, place):
    """RGB at `place` 0..1 along a palette, as float64 (3,)."""
    stops = np.linspace(0, 1, len(palette))
    return np.array([np.interp(place, stops, channel) for channel in zip(*palette, strict=True)])


def _hair_colours(random, tone, age):
    """RGB of hair and brows: dark skins have dark hair, age greys it, a few people dye it."""
    names = list(_HAIR)
    natural = np.array(_HAIR[names[random.integers(0, 8 if tone < 0.45 else 4 if tone < 0.65 else 2)]], float)
    grey = np.clip((age - 0.55) * 2.6 + random.normal(0, 0.15), 0, 1)
    natural += grey * (np.array(_HAIR[names[random.integers(8, 10)]]) - natural)
    dyed = np.array(_HAIR[names[random.integers(10, 12)]], float)
    brows = natural * (0.8, 0.72, 0.66)
    brows *= min(1, 150 / brows.max())  # pale brows would be lost on pale skin
    return {"hair_colour": dyed if random.random() < 0.05 else natural, "brow_colour": brows}


def _hair_cut(random, masculine, age):
    """The cut and its measures."""
    short = random.random() < (0.88 if masculine > 0.5 else 0.15)
    style = str(random.choice(_STYLES[masculine > 0.5, short]))
    if style in ("bald", "horseshoe") and age < 0.3:
        style = "crop"
    return {
        "style": style,
        "volume": float(random.uniform(0.1, 0.24)),
        "hairline": float(-0.9 + random.normal(0, 0.04) - 0.1 * age * masculine),
        "part": float(random.choice([-1, 1]) * random.uniform(0.1, 0.5)),
    }


def _shape(random, masculine):
    """Bones and features."""
    between = random.uniform
    return {
        "jaw": (1.75 + 0.55 * masculine + between(-0.2, 0.3), 0.68 - 0.1 * masculine + between(-0.06, 0.05)),
        "chin": float(1.24 + 0.06 * masculine + between(-0.06, 0.06)),
        "nose": (between(0.8, 1.3), between(0.38, 0.46), between(0.7, 1.15)),
        "eye": (between(0.195, 0.235), between(0.88, 1.12) - 0.08 * masculine, between(-0.05, 0.1), between(0.4, 0.44)),
        "brow": (
            0.3 + 0.5 * masculine + between(0, 0.5),
            between(0.02, 0.1) - 0.03 * masculine,
            between(-0.4, -0.34),
            between(0, 0.09),
        ),
        "lips": (between(0.32, 0.41), between(0.065, 0.1), between(0.085, 0.135) - 0.02 * masculine),
    }


def _beard_kind(random, masculine):
    """None for most; otherwise stubble, a moustache, a goatee or a full beard."""
    if masculine < 0.5 or random.random() < 0.45:
        return "none"
    return str(random.choice(["stubble", "stubble", "moustache", "goatee", "full", "full"]))


def _pose(random):
    """Where the head is, how it leans and turns, and where the light is."""
    side = random.choice([-1, 1])
    light = np.array([side * random.uniform(0.35, 0.7), -random.uniform(0.25, 0.6), 0.8])
    return {
        "tilt": float(np.radians(random.normal(0, 3.5))),
        "yaw": float(np.clip(random.normal(0, 0.06), -0.12, 0.12)),
        "scale": float(random.uniform(0.94, 1.06)),
        "centre": (0.5 + random.normal(0, 0.015), 0.465 + random.normal(0, 0.012)),
        "light": light / np.linalg.norm(light),
    }


# The canvas


class _Stage:
    """The canvas of one picture and the ways to put things on it."""

    def __init__(self, person, size):
        self.person, self.size, self.side = person, size, _FINE * size
        self.unit = self.side * _UNIT * person.scale
        self.image = Image.new("RGB", (self.side, self.side))
        self.u, self.v = self.grid(_FINE, person.tilt)
        self.hair_light = _hair_light(self)

    def grid(self, step, tilt=0.0, rows=slice(None)):
        """(u, v) of the centres of blocks of `step` canvas pixels, each float32 (side / step, side / step)."""
        places = (np.arange(0, self.side, step, dtype=np.float32) + step / 2) / self.unit
        x = places[None, :] - np.float32(self.person.centre[0] * self.side / self.unit)
        y = places[rows, None] - np.float32(self.person.centre[1] * self.side / self.unit)
        cosine, sine = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
        return cosine * x + sine * y, cosine * y - sine * x

    def place(self, points, upright=False):
        """Canvas pixels of points (…, 2) in face units; the body stays upright when the head leans."""
        tilt = 0.0 if upright else self.person.tilt
        turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
        return np.asarray(points) @ turn * self.unit + np.array(self.person.centre) * self.side

    def turned(self, points):
        """Points of the flat face (…, 2) after the head has turned: the middle moves most, the outline stays."""
        points = np.array(points, float)
        points[..., 0] += self.person.yaw * np.clip(1 - points[..., 0] ** 2, 0, 1)
        return points

    def width(self, units):
        """A line width in face units as whole canvas pixels, at least one."""
        return max(1, round(units * self.unit))

    def mask(self, *outlines, blur=0.0, upright=False):
        """Image "L" of filled outlines, softened by `blur` face units."""
        image = Image.new("L", self.image.size)
        pen = ImageDraw.Draw(image)
        for outline in outlines:
            pen.polygon(self.place(outline, upright).ravel().tolist(), fill=255)
        return self.soft(image, blur)

    def soft(self, image, blur):
        """The image blurred by `blur` face units; a wide blur runs at a quarter of the size, where nobody sees it."""
        if blur < 0.04:
            return image.filter(ImageFilter.GaussianBlur(blur * self.unit)) if blur else image
        small = image.reduce(4).filter(ImageFilter.GaussianBlur(blur * self.unit / 4))
        return small.resize(image.size, Image.Resampling.BILINEAR)

    def fill(self, colour, mask, strength=1.0):
        """Paint one colour through a mask."""
        if strength < 1:
            mask = mask.point(lambda value: value * strength)
        self.image.paste(_rgb(colour), (0, 0), mask)

    def enlarged(self, values, box):
        """What a smooth map float32 (size, size) has inside a box of canvas pixels (left, top, right, bottom)."""
        extent = (box[2] - box[0], box[3] - box[1])
        part = tuple(edge / _FINE for edge in box)
        return np.asarray(Image.fromarray(values).resize(extent, Image.Resampling.BILINEAR, part))

    def reduced(self, mask):
        """A mask at the size of the grid, float32 0..1."""
        return np.asarray(mask.reduce(_FINE), np.float32) / 255

    def lines(self, lines, colour, width, upright=False):
        """Draw lines (count, points, 2) or a list of them straight onto the picture."""
        pen = ImageDraw.Draw(self.image)
        for line in lines:
            pen.line(self.place(line, upright).ravel().tolist(), _rgb(colour), self.width(width), joint="curve")

    def hairs(self, layer, colour):
        """Lay a layer of hairs over the picture, coloured and lit as a rounded mass with a band of shine."""
        box = layer.image.getbbox()
        if box is None:
            return
        tone, alpha = layer.image.crop(box).split()
        tone = np.asarray(tone, np.float32) * self.enlarged(self.hair_light, box)
        ramp = _ramp(colour)[np.clip(tone, 0, 255).astype(np.uint8)]
        self.image.paste(Image.fromarray(ramp), box[:2], alpha)


class _Hairs:
    """A layer of hairs: image "LA", the tone of each hair and where there is one."""

    def __init__(self, stage):
        self.stage, self.image = stage, Image.new("LA", stage.image.size, (62, 0))
        self._pen = ImageDraw.Draw(self.image)

    def mass(self, outline, tone=62):
        """Fill an outline with the dark between hairs."""
        self._pen.polygon(self.stage.place(outline).ravel().tolist(), fill=(tone, 255))

    def add(self, hairs, tones, width=0.017, alpha=255):
        """Draw hairs (count, points, 2) in face units, tones (count,) 0..255."""
        width = self.stage.width(width)
        hairs = self.stage.place(hairs).reshape(len(hairs), -1).tolist()
        for hair, tone in zip(hairs, np.clip(tones, 0, 255).astype(int).tolist(), strict=True):
            self._pen.line(hair, fill=(tone, alpha), width=width)


def _rgb(colour):
    """A colour as whole numbers, as Pillow wants it."""
    return tuple(round(float(np.clip(value, 0, 255))) for value in colour)


def _ramp(colour):
    """Colours uint8 (256, 3) of a hair from its shadow over its own colour (at 128) to its shine."""
    colour = np.asarray(colour, float)
    warm = np.array([1.12, 0.95, 0.86])  # hair in the shade is redder
    stops = np.stack([colour * warm * 0.16, colour * warm * 0.55, colour, colour * 1.25 + 20, colour * 1.3 + 60])
    places = np.arange(256)
    channels = [np.interp(places, (0, 64, 128, 192, 255), stop) for stop in stops.T]
    return np.clip(np.stack(channels, 1), 0, 255).astype(np.uint8)


def _smooth(points, count, rounds=4):
    """A smooth open curve (count, 2) along points, evenly spaced: Chaikin's corner cutting."""
    points = np.asarray(points, float)
    for _ in range(rounds):
        cut = np.stack([0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]], 1)
        points = np.concatenate([points[:1], cut.reshape(-1, 2), points[-1:]])
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    along = np.linspace(0, length[-1], count)
    return np.stack([np.interp(along, length, points[:, 0]), np.interp(along, length, points[:, 1])], 1)


def _mirror(points):
    """The points (…, 2) on the other side of the face."""
    return np.asarray(points) * (-1, 1)


def _closed(upper, lower):
    """The outline between two curves that run the same way."""
    return np.concatenate([upper, lower[::-1]])


def _ellipse(centre, radii, count=40):
    """The outline (count, 2) of an ellipse."""
    angle = np.linspace(0, 2 * np.pi, count)
    return np.asarray(centre) + np.stack([np.cos(angle), np.sin(angle)], 1) * radii


def _bump(u, v, centre, spread):
    """A Gaussian hill of height 1."""
    return np.exp(-0.5 * (((u - centre[0]) / spread[0]) ** 2 + ((v - centre[1]) / spread[1]) ** 2))


def _step(edge, width, values):
    """0 below an edge, 1 above it, smooth over `width`."""
    place = np.clip((values - edge) / width + 0.5, 0, 1)
    return place * place * (3 - 2 * place)


def _noise(random, size, coarse):
    """Smooth noise float32 (size, size) of about unit spread, with blobs of `coarse` parts of the size."""
    small = random.normal(size=(coarse, coarse)).astype(np.float32)
    return np.asarray(Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC)) * 1.4


# Light


def _lit(stage, across, down):
    """How a surface with the normal (across, down, towards us) takes the light: (diffuse, gloss), float32 maps."""
    towards = np.sqrt(np.clip(1 - across**2 - down**2, 0.04, 1))
    light = stage.person.light.astype(np.float32)
    halfway = light + np.array([0, 0, 1], np.float32)
    halfway /= np.linalg.norm(halfway)
    wrap = np.float32(0.3)  # light scattered inside the skin softens the edge of the shadow
    diffuse = np.clip((across * light[0] + down * light[1] + towards * light[2] + wrap) / (1 + wrap), 0, 1)
    gloss = np.clip(across * halfway[0] + down * halfway[1] + towards * halfway[2], 0, 1) ** 26
    return diffuse, gloss


def _paint_skin(stage, albedo, mask, diffuse, gloss):
    """Light an albedo picture and paste it: shadows on skin are warmer than what is in the light."""
    box = mask.getbbox()
    diffuse, gloss = stage.enlarged(diffuse, box)[..., None], stage.enlarged(gloss, box)[..., None]
    ambient, key = np.array([0.42, 0.33, 0.32], np.float32), np.array([0.65, 0.71, 0.72], np.float32)
    colour = np.asarray(albedo.crop(box), np.float32) * (ambient + key * diffuse) + 44 * gloss
    stage.image.paste(_picture(colour), box[:2], mask.crop(box))


def _picture(colour):
    """An image "RGB" of a float array (height, width, 3), what lies outside 0..255 clipped."""
    return Image.fromarray(np.clip(colour, 0, 255).astype(np.uint8))


def _hair_light(stage):
    """Brightness of hair by place, float32 (size, size) around 1."""
    light = stage.person.light
    across, down = stage.u / 1.35, (stage.v + 0.1) / 1.75
    radius = np.sqrt(across**2 + down**2)
    limit = 0.85 / np.maximum(radius, 0.85)  # past the head's edge the mass hangs straight
    diffuse, _ = _lit(stage, across * limit, np.where(down < 0, down * limit, 0.2 * down * limit))
    ring = np.hypot((stage.u - 0.25 * light[0]) / 1.1, (stage.v + 0.25) / 1.15)
    shine = np.exp(-(((ring - 0.78) / 0.13) ** 2)) * np.clip(-stage.v, 0, 1)
    return (0.42 + 0.72 * diffuse + 0.75 * shine * diffuse).astype(np.float32)


# The head's form


def _half_width(person, v):
    """Half of the head's width at height v: round above the eyes, jaw and chin below."""
    power, root = person.jaw
    above = np.sqrt(np.clip(1 - np.abs(np.minimum(v, 0) / 1.32) ** 2.3, 0, 1))
    below = np.clip(1 - (np.maximum(v, 0) / person.chin) ** power, 0, 1) ** root
    return 0.97 * above * below


def _face_outline(person):
    """The head's outline (160, 2)."""
    turn = np.linspace(0, np.pi, 80)
    v = -0.5 * (1.32 + person.chin) * np.cos(turn) + 0.5 * (person.chin - 1.32)
    half = _half_width(person, v)
    return _closed(np.stack([half, v], 1), np.stack([-half, v], 1))


def _relief(person):
    """The hills and hollows of a face: rows (u, v, spread u, spread v, height), those off the middle mirrored."""
    width, tip, height = person.nose
    eye, mouth = person.eye[3], _MOUTH - 0.015
    hills = [
        (0.34, -0.34, 0.24, 0.1, 0.03 + 0.05 * person.masculine),  # brow ridge
        (eye, -0.08, 0.19, 0.13, -0.1),  # eye socket
        (eye, -0.05, 0.13, 0.08, 0.07),  # eyeball under the lids
        (0.52, 0.28, 0.22, 0.2, 0.09 + 0.05 * person.smile),  # cheek
        (0.68, 0.66, 0.16, 0.2, -0.03),  # hollow below the cheek
        (0.16 * width, tip + 0.02, 0.06 * width, 0.06, 0.06 * height),  # wing of the nose
        (0.84, -0.4, 0.1, 0.2, -0.04),  # temple
        (0.3, -0.66, 0.22, 0.16, 0.04),  # forehead
        (0.0, mouth - 0.02, 0.3, 0.17, 0.07),
        (0.0, mouth - 0.05, 0.2, 0.035, 0.03),  # upper lip
        (0.0, mouth + 0.07, 0.19, 0.05, 0.035),  # lower lip
        (0.0, mouth + 0.19, 0.17, 0.06, -0.045),
        (0.0, mouth - 0.15, 0.035, 0.06, -0.025),  # philtrum
        (0.0, person.chin - 0.18, 0.17, 0.12, 0.1),
        (0.0, tip + 0.02, 0.085 * width, 0.09, 0.12 * height),  # tip of the nose
    ]
    bridge = [(0.0, v, 0.065 + 0.05 * k, 0.12, (0.04 + 0.1 * k) * height) for k, v in _bridge(tip)]
    return [*hills, *bridge]


def _bridge(tip):
    """Points down the bridge of the nose: (how far down 0..1, v)."""
    return [(k, -0.16 + k * (tip - 0.06 + 0.16)) for k in (0.0, 0.33, 0.66, 1.0)]


def _height(stage):
    """The relief over the grid, float32 (size, size), in face units towards us."""
    u = stage.u - np.float32(stage.person.yaw) * np.clip(1 - stage.u**2, 0, 1)
    height = np.zeros_like(u)
    for across, v, spread_u, spread_v, size in _relief(stage.person):
        for side in (-1, 1) if across else (0,):
            height += np.float32(size) * _bump(u, stage.v, (side * across, v), (spread_u, spread_v))
    return height


def _face_light(stage):
    """(diffuse, gloss) of the face: a rounded head with its relief, and what lies in hollows darker."""
    across, down = stage.u, stage.v / np.float32(1.32)
    radius = np.sqrt(across**2 + down**2) + np.float32(1e-6)
    slope = 0.8 * np.minimum(radius, 1) ** 1.8 / radius
    height = _height(stage)
    rise_v, rise_u = np.gradient(height, _FINE / stage.unit)
    diffuse, gloss = _lit(stage, across * slope - 0.75 * rise_u, down * slope - 0.75 * rise_v)
    return diffuse * _open_sky(stage), gloss * (0.5 + 0.5 * np.clip(height * 6, 0, 1))


def _open_sky(stage):
    """How much of the surroundings each point sees: less beside the nose, under the brow, at the rim."""
    person, away = stage.person, -np.sign(stage.person.light[0])
    tip, eye = person.nose[1], person.eye[3]
    u = stage.u - np.float32(person.yaw)
    shade = 0.1 * _bump(u, stage.v, (0, tip + 0.16), (0.13, 0.05))
    shade += 0.1 * _bump(u, stage.v, (away * 0.2, tip - 0.04), (0.08, 0.18))  # the nose's own shadow
    shade += 0.1 * _bump(u, stage.v, (0, _MOUTH + 0.2), (0.17, 0.04))
    for side in (-1, 1):
        shade += 0.12 * _bump(u, stage.v, (side * (eye - 0.18), -0.14), (0.09, 0.1))
    return 1 - shade


# Behind and below the face


def _background(stage):
    """A wall out of focus: a gradient, soft blobs and a darker rim."""
    random, (dark, light) = stage.person.random("background"), np.array(stage.person.scene, float)
    y, x = np.mgrid[0:48, 0:48] / 47
    level = 0.55 - 0.35 * (y - 0.3) + 0.3 * stage.person.light[0] * (x - 0.5)
    for _ in range(random.integers(3, 9)):
        level += random.uniform(-0.25, 0.3) * _bump(x, y, random.uniform(0, 1, 2), random.uniform(0.06, 0.22, 2))
    level -= 0.5 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    colour = dark + np.clip(level, 0, 1)[..., None] * (light - dark)
    stage.image.paste(_picture(colour).resize(stage.image.size, Image.Resampling.BICUBIC))


def _body(stage):
    """Neck and clothes, with the shadow of the head on them."""
    person = stage.person
    half = 0.46 + 0.14 * person.masculine
    side = _smooth([(half, 0.6), (half - 0.03, 1.25), (half + 0.05, 1.55), (half + 0.7, 1.85), (2, 2.7)], 40)
    neck = stage.mask(_closed(side, _mirror(side)), upright=True)
    across = np.clip(stage.u / (half + 0.15), -0.95, 0.95)
    diffuse, gloss = _lit(stage, across, np.full_like(across, 0.12))
    below = stage.mask(_face_outline(person) + (-0.25 * person.light[0], 0.17), blur=0.1)
    shade = 1 - 0.72 * stage.reduced(below)
    collarbone = 1 + 0.1 * _bump(np.abs(stage.u), stage.v, (0.5, 1.85), (0.3, 0.05))
    albedo = Image.new("RGB", stage.image.size, _rgb(person.skin))
    _paint_skin(stage, albedo, neck, diffuse * shade * collarbone, gloss * 0.3)
    _clothes(stage, below)


def _neckline(kind):
    """Half of a neckline from the shoulder to the middle: round, pointed or high."""
    return (
        [(0.62, 1.6), (0.5, 1.8), (0.25, 1.95), (0.0, 1.98)],
        [(0.6, 1.58), (0.4, 1.85), (0.15, 2.12), (0.0, 2.25)],
        [(0.56, 1.5), (0.45, 1.62), (0.2, 1.72), (0.0, 1.73)],
    )[kind]


def _clothes(stage, shadow):
    """A shirt or jumper of a patterned cloth with a band along the neckline."""
    (dark, light), cloth, kind = stage.person.cloth
    neck = np.array(_neckline(kind))
    inner = _smooth(neck, 24)
    outer = _smooth([neck[0] - (0.0, 0.04), (1.0, 1.7), (1.75, 1.9), (2.15, 2.3), (2.3, 3.2)], 24)
    half = np.concatenate([inner[::-1], outer, [(0, 3.2)]])
    mask = stage.mask(half, _mirror(half), upright=True)
    rows = slice(int(stage.side * 0.68), None)
    u, v = stage.grid(1, rows=rows)
    colour = _cloth_colour(stage, u, v, cloth, np.array(dark, np.float32), np.array(light, np.float32))
    colour *= 1 - 0.5 * (np.asarray(shadow, np.float32)[rows] / 255)[..., None]
    stage.image.paste(_picture(colour), (0, rows.start), mask.crop((0, rows.start, stage.side, stage.side)))
    _neckband(stage, inner, _rgb(np.array(dark) * 0.8))


def _cloth_colour(stage, u, v, cloth, dark, light):
    """The cloth's pattern, bent and shaded by its folds: float32 (rows, side, 3)."""
    random = stage.person.random("cloth")
    fold = sum(np.sin(u * a + v * b + c) for a, b, c in random.uniform(-1, 1, (4, 3)) * (5, 6, 3)).astype(np.float32)
    period = np.float32(random.uniform(0.17, 0.28))  # whole waves of it survive a reduction by 4
    level = _pattern(cloth, (u + 0.02 * fold) / period, (v + 0.02 * fold) / period)[..., None]
    weave = 1 + 0.05 * np.sin(u * 110) * np.sin(v * 110)
    slope = np.clip(u / 2.6 + 0.06 * fold, -0.9, 0.9)
    diffuse, _ = _lit(stage, slope, np.full_like(slope, -0.1))
    return (dark + level * (light - dark)) * ((0.35 + 0.7 * diffuse) * weave)[..., None]


def _pattern(cloth, x, y):
    """A pattern of period 1 in x and y: how much of the second colour, float32 0..1."""
    if cloth == "stripes":
        return _step(0, 0.5, np.sin(2 * np.pi * y))
    if cloth == "check":
        return 0.5 * _step(0.2, 0.4, np.sin(np.pi * x)) + 0.5 * _step(0.2, 0.4, np.sin(np.pi * y))
    if cloth == "dots":
        shifted = x + 0.5 * (np.floor(y) % 2)
        return _step(-0.25, 0.08, -np.hypot(shifted % 1 - 0.5, y % 1 - 0.5))
    zigzag = 2 * np.abs((x if cloth == "herringbone" else 2 * x) % 1 - 0.5)
    if cloth == "knit":
        return 0.1 + 0.22 * _step(0, 1.2, np.sin(2 * np.pi * (2 * y + zigzag))) * (0.4 + 0.6 * zigzag)
    if cloth == "herringbone":
        return 0.15 + 0.35 * _step(0, 0.9, np.sin(2 * np.pi * (2 * y + 2 * zigzag)))
    return 0.08 + 0.1 * np.sin(2 * np.pi * (2 * x + 2 * y))


def _neckband(stage, curve, colour):
    """The ribbed band along the neckline."""
    half = curve + (0.0, 0.045)
    band = np.concatenate([half, _mirror(half)[::-1]])
    stage.lines([band], colour, 0.1, upright=True)
    ribs = _smooth(band, 110, rounds=1)
    lighter = np.array(colour) * 1.25 + 14
    stage.lines(np.stack([ribs - (0, 0.04), ribs + (0, 0.04)], 1), lighter, 0.012, upright=True)


# The face


def _head(stage, hair):
    """Ears and face: painted skin under the light, with the shadow of the hair."""
    person = stage.person
    diffuse, gloss = _face_light(stage)
    offset = (-0.06 * person.light[0], 0.07)
    shifted = Image.new("L", stage.image.size)
    shifted.paste(hair.image.getchannel("A"), tuple(int(part * stage.unit) for part in offset))
    diffuse = diffuse * (1 - 0.5 * stage.reduced(stage.soft(shifted, 0.06)))
    mask = stage.mask(_face_outline(person), *_ears(person))
    _paint_skin(stage, _albedo(stage), mask, diffuse, gloss)


def _ears(person):
    """The outlines of both ears."""
    ear = _smooth(
        [(0.9, -0.2), (1.02, -0.3), (1.16, -0.24), (1.15, 0.0), (1.08, 0.2), (1.0, 0.32), (0.9, 0.28), (0.9, 0.1)], 50
    )
    return ear, _mirror(ear)


def _albedo(stage):
    """The colours of the skin before the light: blush, freckles, folds, pores."""
    person, random = stage.person, stage.person.random("skin")
    colour = Image.new("RGB", stage.image.size, _rgb(person.skin))
    blush = person.skin * np.array([1.0, 0.8, 0.78])
    spots = [_ellipse((side * 0.55, 0.3), (0.26, 0.2)) for side in (-1, 1)]
    spots += [_ellipse((0, person.nose[1]), (0.13, 0.1)), *_ears(person)]
    strength = 0.4 + 0.25 * person.makeup
    glow = stage.mask(*stage.turned(spots[:2]), stage.turned(spots[2]), *spots[3:], blur=0.11)
    colour.paste(_rgb(blush), (0, 0), glow.point(lambda value: value * strength))
    _freckles(stage, colour, random)
    _folds(stage, colour)
    texture = 1 + 0.006 * _noise(random, stage.side, 40) + 0.011 * _noise(random, stage.side, 170)
    return _picture(np.asarray(colour, np.float32) * texture[..., None])


def _freckles(stage, colour, random):
    """Freckles over nose and cheeks, and a mole or two."""
    person, pen = stage.person, ImageDraw.Draw(colour, "RGBA")
    count = int(170 * person.freckles)
    places = np.stack([random.normal(0, 0.38, count), random.normal(0.22, 0.16, count)], 1)
    moles = random.uniform((-0.7, -0.6), (0.7, 0.9), (random.integers(0, 3), 2))
    radii = np.concatenate([random.uniform(0.006, 0.016, count), np.full(len(moles), 0.018)]) * stage.unit
    dark = np.array(person.skin) * (0.62, 0.45, 0.38)
    for (x, y), radius in zip(stage.place(np.concatenate([places, moles])), radii, strict=True):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*_rgb(dark), 120))


def _folds(stage, colour):
    """Soft dark lines: nostrils, lids, the folds beside the mouth, the ears' inside, wrinkles with age."""
    ink = Image.new("L", stage.image.size)
    pen = ImageDraw.Draw(ink)
    for points, width, strength in _fold_lines(stage.person):
        for line in (points, _mirror(points)):
            pixels = stage.place(stage.turned(line)).ravel().tolist()
            pen.line(pixels, fill=int(255 * strength), width=stage.width(width), joint="curve")
    dark = np.array(stage.person.skin) * (0.4, 0.26, 0.24)
    colour.paste(_rgb(dark), (0, 0), stage.soft(ink, 0.014))


def _fold_lines(person):
    """[(half of a symmetric set of lines (points, 2), width, strength 0..1)]."""
    width, tip, _ = person.nose
    half, opened, slant, eye = person.eye
    wing = 0.2 * width
    lines = [
        ([(0.055 * width, tip + 0.105), (0.1 * width, tip + 0.085), (0.14 * width, tip + 0.105)], 0.045, 0.9),
        ([(wing, tip - 0.05), (wing + 0.035, tip + 0.05), (wing - 0.02, tip + 0.12)], 0.02, 0.3),
        ([(eye - half, -0.1), (eye, -0.17 - 0.06 * opened), (eye + half * 1.05, -0.09 - slant)], 0.02, 0.55),
        ([(eye - half, 0.05), (eye - 0.05, 0.12), (eye + 0.1, 0.1)], 0.025, 0.14 + 0.25 * person.age),
        ([(1.0, -0.18), (1.08, -0.2), (1.09, 0.0), (1.02, 0.16)], 0.022, 0.45),
        ([(0.97, -0.3), (1.0, 0.0), (0.96, 0.3)], 0.03, 0.45),
        ([(wing + 0.04, tip + 0.02), (0.37, 0.64), (0.44, 0.82)], 0.02, 0.08 + 0.2 * person.smile + 0.25 * person.age),
    ]
    return [(_smooth(points, 24), thick, strength) for points, thick, strength in lines + _wrinkles(person)]


def _wrinkles(person):
    """Lines across the forehead and beside the eyes, from middle age on."""
    strength = max(0.0, person.age - 0.4) * 0.75
    if not strength:
        return []
    far = person.eye[3] + person.eye[0]
    crow = [([(far + 0.05, -0.06 + k), (far + 0.16, -0.1 + 2.2 * k)], 0.012, strength) for k in (-0.05, 0.0, 0.05)]
    brow = [([(0, v), (0.3, v - 0.03), (0.55, v + 0.02)], 0.014, strength) for v in (-0.6, -0.69, -0.78)]
    return [*crow, *brow, ([(0.06, -0.3), (0.05, -0.42)], 0.014, strength)]


def _features(stage):
    """Mouth, eyes, brows and beard."""
    _mouth(stage)
    for side in (-1, 1):
        _eye(stage, side)
    hairs = _Hairs(stage)
    _brows(stage, hairs)
    _beard(stage, hairs)
    stage.hairs(hairs, stage.person.brow_colour)


# Mouth


def _mouth(stage):
    """Lips with their creases, and teeth in a broad smile."""
    person, random = stage.person, stage.person.random("mouth")
    x = np.linspace(-1, 1, 41)
    top, upper, lower, bottom = (stage.turned(curve) for curve in _lip_curves(person, x))
    mask = stage.mask(_closed(top, bottom), blur=0.012)
    tint = person.skin * np.array([0.9, 0.6, 0.6]) * (1 - 0.25 * person.makeup) + person.makeup * np.array([48, 6, 18])
    box = mask.getbbox()
    ratio = tint / person.skin * (0.98 - 0.075 * person.makeup)
    lips = np.asarray(stage.image.crop(box), np.float32) * ratio.astype(np.float32)
    stage.image.paste(_picture(lips), box[:2], mask.crop(box))
    _lip_creases(stage, random, (top, upper, lower, bottom), tint)
    _mouth_opening(stage, x, upper, lower)


def _lip_curves(person, x):
    """The four curves of the lips from corner to corner, each (count, 2): top, parting above and below, bottom."""
    half, thick_upper, thick_lower = person.lips
    half = half * (1 + 0.12 * person.smile)
    middle = _MOUTH + 0.03 * person.smile - (0.04 + 0.11 * person.smile) * x**2
    round_ = 1 - x**2
    gap = _gap(person) * round_**0.8
    bow = 1 - 0.28 * np.exp(-((x / 0.13) ** 2))
    upper, lower = middle - 0.4 * gap - 0.008 * np.cos(9 * x) * round_, middle + 0.6 * gap
    top = upper - thick_upper * np.abs(round_) ** 0.9 * bow
    bottom = lower + thick_lower * (1 - np.abs(x) ** 2.4) ** 0.9
    return [np.stack([half * x, v], 1) for v in (top, upper, np.maximum(lower, upper), bottom)]


def _gap(person):
    """How far the lips part: only a broad smile opens."""
    return 0.21 * max(0.0, person.smile - 0.45)


def _lip_creases(stage, random, curves, tint):
    """Fine upright creases, half of them in shadow and half in the light, and a soft shine below."""
    top, upper, lower, bottom = curves
    pen = ImageDraw.Draw(stage.image, "RGBA")
    for near, far in ((upper, top), (lower, bottom)):
        for place in random.uniform(4, 36, 36):
            start, end = near[int(place)], far[int(place)]
            ends = start + (end - start) * np.array([[0.1], [random.uniform(0.5, 0.9)]])
            colour = tint * (0.5 if random.random() < 0.5 else 1.35)
            pen.line(stage.place(ends).ravel().tolist(), (*_rgb(colour), 40), 1)
    middle = lower[20] + 0.42 * (bottom[20] - lower[20])
    shine = stage.mask(_ellipse(middle, (0.11, 0.018)), blur=0.02)
    stage.fill((255, 240, 235), shine, 0.25 + 0.25 * stage.person.makeup)


def _mouth_opening(stage, x, upper, lower):
    """The line between the lips; open, the teeth behind it."""
    if _gap(stage.person) > 0.015:
        opening = stage.mask(_closed(upper, lower))
        stage.fill((58, 20, 22), opening)
        teeth = upper + np.stack([0 * x, 0.8 * (lower - upper)[:, 1]], 1)
        inner = slice(4, -4)
        stage.fill((238, 232, 222), stage.mask(_closed(upper[inner], teeth[inner]), blur=0.005))
        places = np.linspace(6, 34, 11).astype(int)
        seams = np.stack([upper[places], teeth[places]], 1)
        stage.lines(seams, (196, 184, 174), 0.008)
    stage.lines([upper], np.array(stage.person.skin) * (0.32, 0.18, 0.17), 0.018)


# Eyes and brows


def _lids(person, side):
    """Upper and lower lid of an eye, each (30, 2), from the inner corner to the outer."""
    half, opened, slant, middle = person.eye
    upper = _smooth([(-1, 0.14), (-0.7, -0.42), (0.1, -0.78), (0.75, -0.46), (1, 0.0)], 30)
    lower = _smooth([(-1, 0.14), (-0.5, 0.34), (0.3, 0.48), (0.8, 0.26), (1, 0.0)], 30)
    squint = 1 - 0.12 * person.smile
    curves = []
    for curve in (upper, lower):
        curve = curve * (half, half * opened * squint) + (middle, -0.04)
        curve[:, 1] -= slant * (curve[:, 0] - middle)
        curves.append(curve * (side, 1))
    return curves


def _eye(stage, side):
    """White, iris, pupil and highlight in the almond between the lids, then lids and lashes."""
    person = stage.person
    upper, lower = (stage.turned(curve) for curve in _lids(person, side))
    mask = stage.mask(_closed(upper, lower))
    centre = stage.turned(np.array([side * person.eye[3], -0.055]))
    x, y = stage.place(centre)
    reach = int(person.eye[0] * 1.5 * stage.unit)
    box = (int(x) - reach, int(y) - reach, int(x) + reach, int(y) + reach)
    offset_y, offset_x = np.mgrid[box[1] : box[3], box[0] : box[2]].astype(np.float32) + 0.5
    scale = person.eye[0] * stage.unit
    ball = _eyeball(person, (offset_x - x) / scale, (offset_y - y) / scale, 1.2 / scale)
    stage.image.paste(Image.fromarray(ball), box[:2], mask.crop(box))
    _lashes(stage, upper, lower, side)


def _eyeball(person, x, y, edge):
    """The eye's surface in units of its half-width: uint8 (height, width, 3); `edge` is the softness of an edge."""
    random = person.random("iris")
    gaze = random.normal(0, (0.05, 0.02))
    iris = 0.47
    radius = np.hypot(x - gaze[0], y - gaze[1]) / iris
    angle = np.arctan2(y - gaze[1], x - gaze[0])
    fibres = sum(np.sin(angle * n + phase) for n, phase in zip((7, 13, 19, 29), random.uniform(0, 6, 4), strict=True))
    glow = 0.8 + 0.12 * fibres * np.clip(1.2 - radius, 0, 1) + 0.45 * np.clip(y - 0.05, 0, 1) / iris
    colour = np.asarray(person.iris * 1.12, np.float32) * (glow * (1 - 0.6 * _step(0.9, 0.25, radius)))[..., None]
    white = np.array([240, 234, 229], np.float32) * (1 - 0.18 * np.abs(x) ** 3)[..., None]
    ball = white + (colour - white) * (1 - _step(1, edge / iris, radius))[..., None]
    ball *= _step(0.45, edge / iris, radius)[..., None] * 0.93 + 0.07  # the pupil
    ball *= (1 - 0.5 * (1 - _step(-0.18, 0.6, y)))[..., None]  # the upper lid's shadow
    side = np.sign(person.light[0])
    for where, size, power in (((0.17 * side, -0.17), 0.12, 0.95), ((-0.16 * side, 0.18), 0.09, 0.25)):
        spot = 1 - _step(size, edge, np.hypot(x - gaze[0] - where[0], y - gaze[1] - where[1]))
        ball += (255 - ball) * (power * spot)[..., None]
    return np.clip(ball, 0, 255).astype(np.uint8)


def _lashes(stage, upper, lower, side):
    """A dark upper lid, a faint lower one, and lashes that fan outwards."""
    person, random = stage.person, stage.person.random(f"lashes {side}")
    dark = np.array([34, 24, 22]) + 0.08 * person.skin
    soft = np.array(person.skin) * (0.62, 0.42, 0.38)
    stage.lines([lower], soft, 0.014)
    stage.lines([upper], dark, 0.03 + 0.012 * person.makeup)
    reach = 0.022 + 0.02 * (1 - person.masculine) + 0.014 * person.makeup
    for lid, sign, count, length, colour in ((upper, -1, 22, reach, dark), (lower, 1, 14, 0.5 * reach, soft * 0.7)):
        along = random.uniform(0.15, 1, count)
        root = lid[(along * 29).astype(int)]
        lean = np.stack([side * (along - 0.3) * 1.6, np.full(count, sign)], 1) * length * (0.5 + along)[:, None]
        bend = root + lean * (0.75, 0.4)
        stage.lines(np.stack([root, bend, root + lean], 1), colour, 0.008)


def _brows(stage, hairs):
    """Brows of single hairs: upright at the nose, lying down towards the temple."""
    person, random = stage.person, stage.person.random("brows")
    thick, arch, v, rise = person.brow
    for side in (-1, 1):
        along = random.uniform(0, 1, int(130 + 110 * thick))
        depth = random.uniform(-1, 1, len(along)) * (0.02 + 0.025 * thick) * (1 - 0.75 * along**2)
        middle = v - arch * np.sin(np.pi * np.minimum(along * 0.8 + 0.05, 1)) + 0.05 * along**3 + (0.3 - along) * rise
        root = np.stack([0.15 + 0.54 * along, middle + depth], 1)
        turn = np.radians(-55 + 62 * along**0.5 + 18 * depth / 0.04) + random.normal(0, 0.12, len(along))
        lean = np.stack([np.cos(turn), np.sin(turn)], 1) * (0.045 + 0.025 * thick)
        lines = stage.turned(np.stack([root, root + 0.55 * lean, root + lean * (1, 0.85)], 1) * (side, 1))
        hairs.add(lines, random.normal(110, 25, len(along)), width=0.012)


# Hair on the face


def _beard(stage, hairs):
    """Stubble, moustache, goatee or full beard: hairs rooted where the kind has them, growing down and out."""
    person, random = stage.person, stage.person.random("beard")
    if person.beard == "none":
        return
    root = random.uniform((-1, 0.1), (1, person.chin), (9000, 2))
    density = _beard_density(person, root)
    root = root[random.random(len(root)) < density]
    stubble = person.beard == "stubble"
    length = (0.018 if stubble else 0.11) * random.uniform(0.6, 1.2, (len(root), 1))
    lean = np.stack([0.55 * root[:, 0] + random.normal(0, 0.18, len(root)), np.ones(len(root))], 1) * length
    curl = random.normal(0, 0.25, (len(root), 1)) * lean[:, ::-1] * (1, -1)
    lines = stage.turned(np.stack([root, root + 0.5 * lean + curl, root + lean], 1))
    hairs.add(lines, random.normal(105, 30, len(root)), width=0.012, alpha=110 if stubble else 235)


def _beard_density(person, root):
    """The chance 0..1 that a hair grows at each root (count, 2)."""
    u, v = np.abs(root[:, 0]), root[:, 1]
    rim = _half_width(person, v)
    jaw = _step(0.02, 0.12, v - (0.62 - 0.42 * u**3 / 0.7)) * _step(0.0, 0.06, rim - u)
    mouth = 1 - _step(0.0, 0.03, 1 - np.hypot(u / (person.lips[0] * 1.05), (v - _MOUTH - 0.02) / 0.13))
    moustache = (
        _step(0.0, 0.05, 0.44 - u) * _step(0.0, 0.04, v - 0.6 - 0.22 * u**2) * _step(0, 0.03, 0.77 + 0.3 * u - v)
    )
    chin = _step(0.0, 0.08, 0.3 - u) * _step(0.0, 0.06, v - 0.92)
    kinds = {"moustache": moustache, "goatee": np.maximum(moustache, chin)}
    return kinds.get(person.beard, np.maximum(jaw, moustache)) * mouth


# Hair on the head


def _strands(random, inner, outer, count, wave=0.0, turns=3.0, loose=0.02):
    """Strands (count, points, 2) between two curves (points, 2), gathered into locks, with a tone (count,) each."""
    place = random.uniform(0, 1, count)
    along = np.linspace(0, 1, len(inner))
    locks = random.integers(9, 15)
    lock = np.minimum((place * locks).astype(int), locks - 1)
    gather = (lock + 0.5) / locks - place
    across = np.clip(place[:, None] + 0.35 * gather[:, None] * along**1.5, -0.02, 1.04)[..., None]
    strands = (1 - across) * inner + across * outer
    phase = random.uniform(0, 6, locks)[lock] + random.normal(0, 0.25, count)
    swing = np.sin(2 * np.pi * turns * along + phase[:, None]) * along**0.5
    strands[..., 0] += wave * swing
    strands += random.normal(0, loose, (count, 1, 2)) * along[:, None]
    tones = random.normal(128, 24, locks)[lock] + 26 * np.cos(2 * np.pi * (place * locks - lock - 0.5)) - 8
    return strands, tones + random.normal(0, 13, count)


def _hairline(person, count=40):
    """From the left temple over the forehead to the right one, (count, 2)."""
    line, lift = person.hairline, 0.16 * person.age * person.masculine
    right = [(0.0, line), (0.4, line + 0.02 - lift), (0.72, line + 0.2 - lift), (0.9, -0.42), (0.97, -0.02)]
    return _smooth([*(_mirror(right[:0:-1])), *right], count)


def _crown(volume, count=40):
    """The outline of the hair, from beside the left ear over the top to the right, (count, 2)."""
    right = [(0, -1.36 - volume), (0.52, -1.35 - volume), (1.0 + 0.4 * volume, -1.02), (1.08 + 0.4 * volume, -0.45)]
    right.append((1.02 + 0.2 * volume, 0.0))
    return _smooth([*(_mirror(right[:0:-1])), *right], count)


def _front_hair(stage):
    """The hair before the face, as a layer of its own."""
    layer, random = _Hairs(stage), stage.person.random("hair")
    style = stage.person.style
    if style in ("parted", "long", "waves", "bob", "ringlets"):
        _parted(stage.person, layer, random)
    elif style in ("long fringe", "bob fringe"):
        _parted(stage.person, layer, random)
        _fringe(stage.person, layer, random)
    elif style in ("swept", "bun", "crop"):
        _swept(stage.person, layer, random)
    elif style in ("curls", "afro"):
        _curls(stage.person, layer, random)
    elif style in ("buzz", "bald", "horseshoe"):
        _shaved(stage.person, layer, random)
    return layer


def _length(style):
    """How far down the hair hangs, in face units, or None where it stops at the ears."""
    if style.startswith("bob"):
        return 0.95
    return 2.3 if style in ("long", "waves", "ringlets", "long fringe") else None


def _waviness(style):
    """(width, turns) of the waves of a style."""
    return {"waves": (0.05, 2.5), "ringlets": (0.06, 5.0)}.get(style, (0.012, 1.5))


def _parted(person, layer, random):
    """Hair that falls to both sides of a part: short, to the jaw, or over the shoulders."""
    part, line, volume, end = person.part, person.hairline, person.volume, _length(person.style)
    wave, turns = _waviness(person.style)
    for side in (-1, 1):
        start = part * side
        inner = [(start, line - 0.02), (0.45 + 0.3 * start, line + 0.07), (0.82, -0.58), (0.96, -0.25), (0.97, 0.0)]
        outer = [(start * 0.8, -1.33 - volume), (0.6, -1.38 - volume), (1.04 + 0.4 * volume, -0.95)]
        outer += [(1.1 + 0.5 * volume, -0.3), (1.03 + 0.2 * volume, 0.02)]
        if end:
            tuck = 0.8 if end < 1.5 else 0.78
            inner[3:] = [(0.93, -0.2), (0.95, 0.35), (0.9, min(end, 1.0) * 0.85), (tuck, end)]
            wide = 1.04 + person.volume
            outer[3:] = [(wide, -0.3), (wide + 0.07, 0.4), (wide + 0.06, min(end, 1.5)), (wide, end)]
        inner, outer = (_smooth(np.array(rail) * (side, 1), 34) for rail in (inner, outer))
        layer.mass(_closed(inner, outer))
        layer.add(*_strands(random, inner, outer, 900 if end else 600, wave, turns))
        layer.add(np.array([[inner[0], 0.25 * inner[0] + 0.75 * outer[0]]]), [80], width=0.025)
        layer.add(*_strands(random, inner, outer, 40, wave + 0.01, turns, loose=0.06), width=0.006)  # flyaways


def _fringe(person, layer, random):
    """Hair over the forehead down to the brows, its ends uneven."""
    left = _smooth([(-0.4, -1.33 - person.volume), (-0.85, -1.1), (-0.9, -0.3)], 24)
    right = _mirror(left)
    strands, tones = _strands(random, left, right, 700, loose=0.025)
    across = strands[:, -1, 0]
    ends = -0.44 + 0.1 * across**2 + random.normal(0, 0.03, len(strands))
    top = strands[:, :1, 1]
    strands[..., 1] = top + (strands[..., 1] - top) * ((ends - top[:, 0]) / (strands[:, -1, 1] - top[:, 0]))[:, None]
    bulge = np.sin(np.linspace(0, np.pi, 24))
    strands[..., 0] += 0.06 * person.part * bulge
    layer.mass(np.concatenate([left[:20], right[:20][::-1]]), tone=70)
    layer.add(strands, tones)


def _swept(person, layer, random):
    """Hair combed up and back from the forehead, or cropped: strands run from the hairline to the outline."""
    crop = person.style == "crop"
    volume = 0.04 if person.style == "bun" else 0.05 if crop else person.volume + 0.04
    line, crown = _hairline(person, 200), _crown(volume, 200)
    layer.mass(_closed(line, crown))
    count = 2600 if crop else 1300
    root = random.uniform(0.0, 1, count)
    reach = 0.3 if crop else 1.0
    depth = random.uniform(0, 1.02 - reach * 0.9, count)[:, None] + reach * np.linspace(0, 1, 12)
    sweep = (0.0 if person.style == "bun" else 0.12 * np.sign(person.part)) * np.sin(np.pi * root)
    along = np.clip(root[:, None] + sweep[:, None] * np.clip(depth, 0, 1), 0, 1) * 199
    low, rest = np.floor(along).astype(int).clip(0, 198), (along % 1)[..., None]
    at = [curve[low] + rest * (curve[low + 1] - curve[low]) for curve in (line, crown)]
    strands = at[0] + np.clip(depth, 0, 1.06)[..., None] * (at[1] - at[0])
    strands += random.normal(0, 0.02 if crop else 0.035, (count, 1, 2)) * np.linspace(0, 1, 12)[:, None]
    tones = random.normal(122, 22, count) + 20 * np.sin(root * random.integers(60, 90))
    layer.add(strands, tones)


def _curls(person, layer, random):
    """Tight curls, close to the head or as an afro: small spirals over the whole mass."""
    volume = person.volume * 0.7 if person.style == "curls" else 0.3 + person.volume
    line, crown = _hairline(person, 200), _crown(volume, 200)
    if person.style == "afro":
        crown = crown * (1.12, 1.0) + (0.0, 0.08)
    layer.mass(_closed(line, crown), tone=48)
    count = 900 if person.style == "curls" else 1500
    place, depth = random.integers(0, 200, count), np.sqrt(random.uniform(0, 1.0, (count, 1)))
    centre = line[place] + depth * (crown[place] - line[place])
    angle = random.uniform(0, 6.3, (count, 1)) + np.linspace(0, random.uniform(5, 10), 18) * random.choice(
        [-1, 1], (count, 1)
    )
    radius = np.linspace(1, 0.35, 18) * random.uniform(0.03, 0.075, (count, 1))
    curls = centre[:, None] + np.stack([np.cos(angle), np.sin(angle)], 2) * radius[..., None]
    layer.add(curls, random.normal(118, 33, count))


def _shaved(person, layer, random):
    """A buzz cut, a ring of hair round a bald head, or nothing but a shimmer of stubble."""
    line, crown = _hairline(person, 200), _crown(0.0, 200)
    count, alpha = {"buzz": (9000, 200), "horseshoe": (500, 30), "bald": (900, 36)}[person.style]
    place, depth = random.integers(0, 200, count), random.uniform(0.0, 1, (count, 1))
    root = line[place] + depth * (crown[place] - line[place])
    root = root[np.abs(root[:, 0]) < _half_width(person, root[:, 1])]
    lean = root * (0.05, 0.02) + random.normal(0, 0.012, root.shape) - (0, 0.012)
    layer.add(np.stack([root, root + lean], 1), random.normal(105, 30, len(root)), width=0.012, alpha=alpha)
    for side in (-1, 1) if person.style == "horseshoe" else ():
        inner = _smooth(np.array([(0.8, -0.66), (0.9, -0.45), (0.95, -0.2), (0.97, 0.06)]) * (side, 1), 20)
        outer = _smooth(np.array([(0.92, -0.74), (1.1, -0.5), (1.12, -0.2), (1.05, 0.1)]) * (side, 1), 20)
        layer.add(*_strands(random, inner, outer, 330, 0.02, 1.5, loose=0.04))


def _back_hair(stage):
    """The hair behind the neck, or the bun above the head."""
    person, random, layer = stage.person, stage.person.random("back hair"), _Hairs(stage)
    end = _length(person.style)
    if end:
        left = _smooth([(-0.6, -0.9), (-1.05, -0.2), (-1.05 - person.volume, 0.6), (-1.0, end)], 30)
        layer.mass(_closed(left, _mirror(left)), tone=40)
        wave, turns = _waviness(person.style)
        strands, tones = _strands(random, left, _mirror(left), 900, wave, turns)
        layer.add(strands, tones * 0.62)
    elif person.style == "bun":
        _bun(person, layer, random)
    stage.hairs(layer, person.hair_colour)


def _bun(person, layer, random):
    """A knot on top of the head: strands wound round it."""
    centre = np.array([0.1 * person.part, -1.55])
    layer.mass(_ellipse(centre, (0.36, 0.3)))
    count = 420
    start, radius = random.uniform(0, 6.3, (count, 1)), np.sqrt(random.uniform(0.02, 1.1, (count, 1)))
    angle = start + np.linspace(0, 1.5, 12)
    size = (radius * np.linspace(1, 0.85, 12))[..., None]
    strands = centre + np.stack([np.cos(angle), np.sin(angle)], 2) * size * (0.36, 0.3)
    layer.add(strands, random.normal(120, 26, count) + 20 * np.sin(9 * radius[:, 0]))


# Glasses and the photograph


def _glasses(stage):
    """Frames over the eyes with a bridge, arms to the ears and a reflection in each glass."""
    person = stage.person
    if person.glasses == "none":
        return
    power, radii, width = _FRAMES[person.glasses]
    colour = np.array(_FRAME_COLOURS[person.random("glasses").integers(len(_FRAME_COLOURS))])
    centre, height = person.eye[3] + 0.01, -0.02
    glasses = [stage.turned(_rounded(power, radii) + (side * centre, height)) for side in (-1, 1)]
    inner, outer = centre - radii[0], centre + radii[0]
    bridge = stage.turned(_smooth([(-inner, -0.05), (0, -0.13), (inner, -0.05)], 12))
    arms = [stage.turned(np.array([(side * outer, -0.06), (side * 1.02, -0.09)])) for side in (-1, 1)]
    _reflections(stage, glasses)
    for shift, tint in ((0.025, person.skin * 0.35), (0.0, colour)):
        stage.fill(tint, _rims(stage, [glass + (0, shift) for glass in glasses], width), 0.45 if shift else 1.0)
    stage.lines([bridge, *arms], colour, width)
    stage.lines([glass[44:62] - (0, 0.2 * width) for glass in glasses], colour * 1.3 + 45, 0.3 * width)


def _rounded(power, radii):
    """A closed curve (80, 2) between an ellipse (power 2) and a rectangle."""
    angle = np.linspace(0, 2 * np.pi, 80)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    return np.sign(circle) * np.abs(circle) ** (2 / power) * radii


def _rims(stage, outlines, width):
    """The mask of rims of a width around outlines."""
    mask = Image.new("L", stage.image.size)
    pen = ImageDraw.Draw(mask)
    for outline in outlines:
        middle = outline.mean(axis=0)
        for grown, value in ((1 + 1.7 * width, 255), (1 - 1.7 * width, 0)):
            pen.polygon(stage.place(middle + grown * (outline - middle)).ravel().tolist(), fill=value)
    return mask


def _reflections(stage, rims):
    """A pale slanted streak across each glass."""
    for rim in rims:
        glass = stage.mask(rim)
        centre = rim.mean(axis=0)
        streak = stage.mask(centre + np.array([(-0.2, 0.4), (0.12, -0.4), (0.24, -0.4), (-0.08, 0.4)]), blur=0.02)
        both = Image.composite(streak, Image.new("L", glass.size), glass)
        stage.fill((255, 255, 255), both, 0.13)


def _photograph(stage):
    """The canvas reduced to the picture, with a film's grain: uint8 (size, size, 3)."""
    random = stage.person.random("grain")
    canvas = stage.image.filter(ImageFilter.GaussianBlur(0.75))  # thin lines are drawn without smooth edges
    small = np.asarray(canvas.resize((stage.size, stage.size), Image.Resampling.LANCZOS), np.float32)
    grain = random.normal(0, 1.6, (stage.size, stage.size, 1)) + random.normal(0, 0.6, small.shape)
    return np.clip(np.rint(small + grain), 0, 255).astype(np.uint8)
