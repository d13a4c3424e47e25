"""Head and body of a drawn face: the lit form of the head, neck and clothes, and the wall behind them."""

import numpy as np
from PIL import Image, ImageDraw

from srlib.data.drawn_faces.canvas import Canvas, HairLayer, faded, picture, rgb
from srlib.data.drawn_faces.person import Person
from srlib.data.drawn_faces.shapes import both_sides, closed, ellipse, hill, hills, mirror, smooth, step

MOUTH = 0.79  # v of the parting of the lips
_CROWN = 1.32  # height of the skull above the eyes
_EAR = smooth(
    [(0.9, -0.2), (1.02, -0.3), (1.16, -0.24), (1.15, 0.0), (1.08, 0.2), (1.0, 0.32), (0.9, 0.28), (0.9, 0.1)], 50
)
_EARS = (_EAR, mirror(_EAR))


def half_width(person: Person, v: np.ndarray) -> np.ndarray:
    """Half of the head's width at heights v: round above the eyes, jaw and chin below."""
    above = np.sqrt(np.clip(1 - np.abs(np.minimum(v, 0) / _CROWN) ** 2.3, 0, 1))
    below = np.clip(1 - (np.maximum(v, 0) / person.jaw.chin) ** person.jaw.power, 0, 1) ** person.jaw.root
    return 0.97 * above * below


def paint_background(canvas: Canvas) -> None:
    """Paint a wall out of focus: a gradient, soft blobs and a darker rim."""
    random, (dark, light) = canvas.person.random("background"), np.array(canvas.person.scene, float)
    y, x = np.mgrid[0:48, 0:48] / 47
    level = 0.55 - 0.35 * (y - 0.3) + 0.3 * canvas.person.light[0] * (x - 0.5)
    for _ in range(random.integers(3, 9)):
        height = random.uniform(-0.25, 0.3)
        level += hill((x, y), (*random.uniform(0, 1, 2), *random.uniform(0.06, 0.22, 2), height))
    level -= 0.5 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    colours = dark + np.clip(level, 0, 1)[..., None] * (light - dark)
    canvas.image.paste(picture(colours).resize(canvas.image.size, Image.Resampling.BICUBIC))


# Neck and clothes


def paint_body(canvas: Canvas) -> None:
    """Paint neck and clothes, with the shadow of the head on them."""
    person = canvas.person
    half = 0.46 + 0.14 * person.masculine
    side = smooth([(half, 0.6), (half - 0.03, 1.25), (half + 0.05, 1.55), (half + 0.7, 1.85), (2, 2.7)], 40)
    across = np.clip(canvas.u / (half + 0.15), -0.95, 0.95)
    diffuse, gloss = canvas.lit(across, np.full_like(across, 0.12))
    shadow = canvas.mask(_outline(person) + (-0.25 * person.light[0], 0.17), blur=0.1)
    diffuse = diffuse * (1 - 0.72 * canvas.reduced(shadow))
    diffuse *= 1 + hill((np.abs(canvas.u), canvas.v), (0.5, 1.85, 0.3, 0.05, 0.1))  # collarbones
    albedo = Image.new("RGB", canvas.image.size, rgb(person.skin))
    canvas.paint_skin(albedo, canvas.mask(closed(side, mirror(side)), upright=True), light=(diffuse, gloss * 0.3))
    _clothes(canvas, shadow)


def _clothes(canvas, shadow):
    """A shirt or jumper of a patterned cloth with a band along the neckline."""
    cloth = canvas.person.cloth
    inner, shoulder = smooth(cloth.neckline, 24), np.array(cloth.neckline[0])
    outer = smooth([shoulder - (0.0, 0.04), (1.0, 1.7), (1.75, 1.9), (2.15, 2.3), (2.3, 3.2)], 24)
    half = np.concatenate([inner[::-1], outer, [(0, 3.2)]])
    mask = canvas.mask(half, mirror(half), upright=True)
    top = int(canvas.side * 0.68)
    colours = _cloth_colours(canvas, *canvas.grid(1, rows=slice(top, None)))
    colours *= 1 - 0.5 * (np.asarray(shadow, np.float32)[top:] / 255)[..., None]
    canvas.paste(colours, mask, box=(0, top, canvas.side, canvas.side))
    _neckband(canvas, inner, np.array(rgb(np.array(cloth.colours[0]) * 0.8)))


def _cloth_colours(canvas, u, v):
    """The cloth's pattern, bent and shaded by its folds: float32 (rows, side, 3)."""
    random = canvas.person.random("cloth")
    dark, light = np.array(canvas.person.cloth.colours, np.float32)
    fold = sum(np.sin(u * a + v * b + c) for a, b, c in random.uniform(-1, 1, (4, 3)) * (5, 6, 3)).astype(np.float32)
    period = np.float32(random.uniform(0.17, 0.28))  # whole waves of it survive a reduction by 4
    x, y = ((place + 0.02 * fold) / period for place in (u, v))
    level = _pattern(canvas.person.cloth.pattern, x, y)[..., None]
    weave = 1 + 0.05 * np.sin(u * 110) * np.sin(v * 110)
    slope = np.clip(u / 2.6 + 0.06 * fold, -0.9, 0.9)
    diffuse, _ = canvas.lit(slope, np.full_like(slope, -0.1))
    return (dark + level * (light - dark)) * ((0.35 + 0.7 * diffuse) * weave)[..., None]


def _pattern(name, x, y):
    """A pattern of period 1 in x and y: how much of the second colour, float32 0..1."""
    if name == "stripes":
        return step(np.sin(2 * np.pi * y), width=0.5)
    if name == "check":
        return sum(0.5 * step(np.sin(np.pi * place), 0.2, width=0.4) for place in (x, y))
    if name == "dots":
        shifted = x + 0.5 * (np.floor(y) % 2)
        return step(-np.hypot(shifted % 1 - 0.5, y % 1 - 0.5), -0.25, width=0.08)
    zigzag = 2 * np.abs((x if name == "herringbone" else 2 * x) % 1 - 0.5)
    if name == "knit":
        return 0.1 + 0.22 * step(np.sin(2 * np.pi * (2 * y + zigzag)), width=1.2) * (0.4 + 0.6 * zigzag)
    if name == "herringbone":
        return 0.15 + 0.35 * step(np.sin(2 * np.pi * (2 * y + 2 * zigzag)), width=0.9)
    return 0.08 + 0.1 * np.sin(2 * np.pi * (2 * x + 2 * y))


def _neckband(canvas, curve, colour):
    """The ribbed band along the neckline."""
    half = curve + (0.0, 0.045)
    band = closed(half, mirror(half))
    canvas.lines([band], colour, width=0.1, upright=True)
    ribs = smooth(band, 110, rounds=1)
    ribs = np.stack([ribs - (0, 0.04), ribs + (0, 0.04)], 1)
    canvas.lines(ribs, colour * 1.25 + 14, width=0.012, upright=True)


# The head's form under the light


def paint_head(canvas: Canvas, hair: HairLayer) -> None:
    """Paint ears and face: skin under the light, with the shadow of the hair before it."""
    diffuse, gloss = _face_light(canvas)
    aside, below = int(-0.06 * canvas.person.light[0] * canvas.unit), int(0.07 * canvas.unit)
    shadow = canvas.blank()
    shadow.paste(hair.image.getchannel("A"), (aside, below))
    diffuse = diffuse * (1 - 0.5 * canvas.reduced(canvas.soft(shadow, 0.06)))
    mask = canvas.mask(_outline(canvas.person), *_EARS)
    canvas.paint_skin(_albedo(canvas), mask, light=(diffuse, gloss))


def _outline(person):
    """The head's outline (160, 2)."""
    v = -0.5 * (_CROWN + person.jaw.chin) * np.cos(np.linspace(0, np.pi, 80)) + 0.5 * (person.jaw.chin - _CROWN)
    right = np.stack([half_width(person, v), v], 1)
    return closed(right, mirror(right))


def _face_light(canvas):
    """(diffuse, gloss) of the face: a rounded head with its relief, and what lies in hollows darker."""
    across, down = canvas.u, canvas.v / np.float32(_CROWN)
    radius = np.sqrt(across**2 + down**2) + np.float32(1e-6)
    slope = 0.8 * np.minimum(radius, 1) ** 1.8 / radius
    flat = canvas.u - np.float32(canvas.person.yaw) * np.clip(1 - canvas.u**2, 0, 1)
    height = hills((flat, canvas.v), _relief(canvas.person))
    rise_v, rise_u = np.gradient(height, canvas.spacing)
    diffuse, gloss = canvas.lit(across * slope - 0.75 * rise_u, down * slope - 0.75 * rise_v)
    shade = hills((canvas.u - np.float32(canvas.person.yaw), canvas.v), _hollows(canvas.person))
    return diffuse * (1 - shade), gloss * (0.5 + 0.5 * np.clip(height * 6, 0, 1))


def _relief(person):
    """The hills of a face: (u, v, spread in u and in v, height in face units towards us)."""
    (width, tip, height), eye, mouth = person.nose, person.eye.u, MOUTH - 0.015
    pairs = [
        (0.34, -0.34, 0.24, 0.1, 0.03 + 0.05 * person.masculine),  # brow ridge
        (eye, -0.08, 0.19, 0.13, -0.1),  # eye socket
        (eye, -0.05, 0.13, 0.08, 0.07),  # eyeball under the lids
        (0.52, 0.28, 0.22, 0.2, 0.09 + 0.05 * person.smile),  # cheek
        (0.68, 0.66, 0.16, 0.2, -0.03),  # hollow below the cheek
        (0.16 * width, tip + 0.02, 0.06 * width, 0.06, 0.06 * height),  # wing of the nose
        (0.84, -0.4, 0.1, 0.2, -0.04),  # temple
        (0.3, -0.66, 0.22, 0.16, 0.04),  # forehead
    ]
    middle = [
        (0.0, mouth - 0.02, 0.3, 0.17, 0.07),
        (0.0, mouth - 0.05, 0.2, 0.035, 0.03),  # upper lip
        (0.0, mouth + 0.07, 0.19, 0.05, 0.035),  # lower lip
        (0.0, mouth + 0.19, 0.17, 0.06, -0.045),
        (0.0, mouth - 0.15, 0.035, 0.06, -0.025),  # philtrum
        (0.0, person.jaw.chin - 0.18, 0.17, 0.12, 0.1),
        (0.0, tip + 0.02, 0.085 * width, 0.09, 0.12 * height),  # tip of the nose
    ]
    down = (0.0, 0.33, 0.66, 1.0)  # the bridge of the nose
    bridge = [(0.0, -0.16 + k * (tip - 0.06 + 0.16), 0.065 + 0.05 * k, 0.12, (0.04 + 0.1 * k) * height) for k in down]
    return [*both_sides(pairs), *middle, *bridge]


def _hollows(person):
    """Where a face sees less of its surroundings, as hills of darkness: see `_relief`."""
    tip, away = person.nose.tip, -np.sign(person.light[0])
    return [
        (0.0, tip + 0.16, 0.13, 0.05, 0.1),
        (away * 0.2, tip - 0.04, 0.08, 0.18, 0.1),  # the nose's own shadow
        (0.0, MOUTH + 0.2, 0.17, 0.04, 0.1),
        *both_sides([(person.eye.u - 0.18, -0.14, 0.09, 0.1, 0.12)]),
    ]


# The colours of the skin


def _albedo(canvas):
    """The colours of the skin before the light: blush, freckles, folds, pores."""
    person, random = canvas.person, canvas.person.random("skin")
    colour = Image.new("RGB", canvas.image.size, rgb(person.skin))
    spots = [ellipse((side * 0.55, 0.3), (0.26, 0.2)) for side in (-1, 1)]
    spots.append(ellipse((0.0, person.nose.tip), (0.13, 0.1)))
    glow = canvas.mask(*canvas.turned(spots), *_EARS, blur=0.11)
    colour.paste(rgb(person.skin * np.array([1.0, 0.8, 0.78])), (0, 0), faded(glow, 0.4 + 0.25 * person.makeup))
    _freckles(canvas, colour, random)
    _folds(canvas, colour)
    texture = 1 + 0.006 * _noise(random, canvas.side, 40) + 0.011 * _noise(random, canvas.side, 170)
    return picture(np.asarray(colour, np.float32) * texture[..., None])


def _noise(random, size, coarse):
    """Smooth noise float32 (size, size) of about unit spread, with blobs of `coarse` parts of the size."""
    small = random.normal(size=(coarse, coarse)).astype(np.float32)
    return np.asarray(Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC)) * 1.4


def _freckles(canvas, colour, random):
    """Freckles over nose and cheeks, and a mole or two."""
    count = int(170 * canvas.person.freckles)
    places = np.stack([random.normal(0, 0.38, count), random.normal(0.22, 0.16, count)], 1)
    moles = random.uniform((-0.7, -0.6), (0.7, 0.9), (random.integers(0, 3), 2))
    radii = np.concatenate([random.uniform(0.006, 0.016, count), np.full(len(moles), 0.018)]) * canvas.unit
    dark, pen = rgb(canvas.person.skin * (0.62, 0.45, 0.38)), ImageDraw.Draw(colour, "RGBA")
    for (x, y), radius in zip(canvas.place(np.concatenate([places, moles])), radii, strict=True):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*dark, 120))


def _folds(canvas, colour):
    """Soft dark lines: nostrils, lids, the folds beside the mouth, the ears' inside, wrinkles with age."""
    ink = canvas.blank()
    pen = ImageDraw.Draw(ink)
    for points, width, strength in _fold_lines(canvas.person) + _wrinkles(canvas.person):
        line = smooth(points, 24)
        for half in (line, mirror(line)):
            path = canvas.path(canvas.turned(half))
            pen.line(path, fill=int(255 * strength), width=canvas.width(width), joint="curve")
    colour.paste(rgb(canvas.person.skin * (0.4, 0.26, 0.24)), (0, 0), canvas.soft(ink, 0.014))


def _fold_lines(person):
    """[(half of a symmetric pair of lines [(u, v)], width, strength 0..1)]."""
    tip, width = person.nose.tip, person.nose.width
    half, opening, slant, eye = person.eye
    wing = 0.2 * width
    return [
        ([(0.055 * width, tip + 0.105), (0.1 * width, tip + 0.085), (0.14 * width, tip + 0.105)], 0.045, 0.9),
        ([(wing, tip - 0.05), (wing + 0.035, tip + 0.05), (wing - 0.02, tip + 0.12)], 0.02, 0.3),
        ([(eye - half, -0.1), (eye, -0.17 - 0.06 * opening), (eye + half * 1.05, -0.09 - slant)], 0.02, 0.55),
        ([(eye - half, 0.05), (eye - 0.05, 0.12), (eye + 0.1, 0.1)], 0.025, 0.14 + 0.25 * person.age),
        ([(1.0, -0.18), (1.08, -0.2), (1.09, 0.0), (1.02, 0.16)], 0.022, 0.45),
        ([(0.97, -0.3), (1.0, 0.0), (0.96, 0.3)], 0.03, 0.45),
        ([(wing + 0.04, tip + 0.02), (0.37, 0.64), (0.44, 0.82)], 0.02, 0.08 + 0.2 * person.smile + 0.25 * person.age),
    ]


def _wrinkles(person):
    """Lines across the forehead and beside the eyes, from middle age on: as `_fold_lines`."""
    strength = max(0.0, person.age - 0.4) * 0.75
    if not strength:
        return []
    far = person.eye.u + person.eye.half_width
    crow = [([(far + 0.05, -0.06 + k), (far + 0.16, -0.1 + 2.2 * k)], 0.012, strength) for k in (-0.05, 0.0, 0.05)]
    brow = [([(0, v), (0.3, v - 0.03), (0.55, v + 0.02)], 0.014, strength) for v in (-0.6, -0.69, -0.78)]
    return [*crow, *brow, ([(0.06, -0.3), (0.05, -0.42)], 0.014, strength)]
