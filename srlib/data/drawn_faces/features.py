"""Features of a drawn face: mouth, eyes, brows, beard and glasses."""

import numpy as np
from PIL import Image, ImageDraw

from srlib.data.drawn_faces.canvas import Canvas, HairLayer, rgb
from srlib.data.drawn_faces.head_and_body import MOUTH, half_width
from srlib.data.drawn_faces.person import CHOICES
from srlib.data.drawn_faces.shapes import closed, direction, ellipse, smooth, step

# Upper and lower lid (2, 30, 2) from the inner corner to the outer, in half-widths of the eye.
_LIDS = np.stack(
    [
        smooth([(-1, 0.14), (-0.7, -0.42), (0.1, -0.78), (0.75, -0.46), (1, 0.0)], 30),
        smooth([(-1, 0.14), (-0.5, 0.34), (0.3, 0.48), (0.8, 0.26), (1, 0.0)], 30),
    ]
)
_IRIS = 0.47  # radius in half-widths of the eye


def paint_features(canvas: Canvas) -> None:
    """Paint mouth, eyes, brows and beard."""
    _mouth(canvas)
    for side in (-1, 1):
        _eye(canvas, side)
    hairs = HairLayer(canvas)
    _brows(canvas, hairs)
    if canvas.person.beard != "none":
        _beard(canvas, hairs)
    canvas.paint_hair(hairs, canvas.person.brow_colour)


# Mouth


def _mouth(canvas):
    """Lips with their creases, and teeth in a broad smile."""
    person = canvas.person
    curves = canvas.turned(_lip_curves(person))
    mask = canvas.mask(closed(curves[0], curves[-1]), blur=0.012)
    tint = person.skin * np.array([0.9, 0.6, 0.6]) * (1 - 0.25 * person.makeup) + person.makeup * np.array([48, 6, 18])
    ratio = tint / person.skin * (0.98 - 0.075 * person.makeup)
    box = mask.getbbox()
    canvas.paste(np.asarray(canvas.image.crop(box), np.float32) * ratio.astype(np.float32), mask, box=box)
    _lip_creases(canvas, curves, tint)
    _mouth_opening(canvas, *curves[1:3])


def _lip_curves(person):
    """The four curves of the lips from corner to corner, (4, 41, 2): top, parting above and below, bottom."""
    x = np.linspace(-1, 1, 41)
    half = person.lips.half_width * (1 + 0.12 * person.smile)
    middle = MOUTH + 0.03 * person.smile - (0.04 + 0.11 * person.smile) * x**2
    round_ = 1 - x**2
    gap = _gap(person) * round_**0.8
    bow = 1 - 0.28 * np.exp(-((x / 0.13) ** 2))
    upper, lower = middle - 0.4 * gap - 0.008 * np.cos(9 * x) * round_, middle + 0.6 * gap
    top = upper - person.lips.upper * np.abs(round_) ** 0.9 * bow
    bottom = lower + person.lips.lower * (1 - np.abs(x) ** 2.4) ** 0.9
    return np.stack([np.stack([half * x, v], 1) for v in (top, upper, np.maximum(lower, upper), bottom)])


def _gap(person):
    """How far the lips part: only a broad smile opens."""
    return 0.21 * max(0.0, person.smile - 0.45)


def _lip_creases(canvas, curves, tint):
    """Fine upright creases, half of them in shadow and half in the light, and a soft shine below."""
    random, pen = canvas.person.random("mouth"), ImageDraw.Draw(canvas.image, "RGBA")
    top, upper, lower, bottom = curves
    for near, far in ((upper, top), (lower, bottom)):
        for place in random.uniform(4, 36, 36).astype(int):
            ends = near[place] + (far[place] - near[place]) * np.array([[0.1], [random.uniform(0.5, 0.9)]])
            colour = tint * (0.5 if random.random() < 0.5 else 1.35)
            pen.line(canvas.path(ends), (*rgb(colour), 40), 1)
    middle = lower[20] + 0.42 * (bottom[20] - lower[20])
    shine = canvas.mask(ellipse(middle, (0.11, 0.018)), blur=0.02)
    canvas.fill((255, 240, 235), shine, strength=0.25 + 0.25 * canvas.person.makeup)


def _mouth_opening(canvas, upper, lower):
    """The line between the lips; open, the teeth behind it."""
    if _gap(canvas.person) > 0.015:
        canvas.fill((58, 20, 22), canvas.mask(closed(upper, lower)))
        teeth = upper + (lower - upper) * (0, 0.8)
        canvas.fill((238, 232, 222), canvas.mask(closed(upper[4:-4], teeth[4:-4]), blur=0.005))
        places = np.linspace(6, 34, 11).astype(int)
        canvas.lines(np.stack([upper[places], teeth[places]], 1), (196, 184, 174), width=0.008)
    canvas.lines([upper], canvas.person.skin * (0.32, 0.18, 0.17), width=0.018)


# Eyes


def _eye(canvas, side):
    """White, iris, pupil and highlight in the almond between the lids, then lids and lashes."""
    person, eye = canvas.person, canvas.person.eye
    lids = _LIDS * (eye.half_width, eye.half_width * eye.opening * (1 - 0.12 * person.smile)) + (eye.u, -0.04)
    lids[..., 1] -= eye.slant * (lids[..., 0] - eye.u)
    upper, lower = canvas.turned(lids * (side, 1))
    centre = canvas.place(canvas.turned((side * eye.u, -0.055)))
    scale = eye.half_width * canvas.unit
    low, high = centre.astype(int) - int(1.5 * scale), centre.astype(int) + int(1.5 * scale)
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32) + 0.5
    ball = _eyeball(person, (x - centre[0]) / scale, (y - centre[1]) / scale, 1.2 / scale)
    canvas.paste(ball, canvas.mask(closed(upper, lower)), box=(*low.tolist(), *high.tolist()))
    _lashes(canvas, upper, lower, side)


def _eyeball(person, x, y, edge):
    """The eye's surface in units of its half-width: float (height, width, 3); `edge` is the softness of an edge."""
    random = person.random("iris")
    gaze = random.normal(0, (0.05, 0.02))
    radius = np.hypot(x - gaze[0], y - gaze[1]) / _IRIS
    angle = np.arctan2(y - gaze[1], x - gaze[0])
    fibres = sum(np.sin(angle * n + phase) for n, phase in zip((7, 13, 19, 29), random.uniform(0, 6, 4), strict=True))
    glow = 0.8 + 0.12 * fibres * np.clip(1.2 - radius, 0, 1) + 0.45 * np.clip(y - 0.05, 0, 1) / _IRIS
    colour = np.asarray(person.iris * 1.12, np.float32) * (glow * (1 - 0.6 * step(radius, 0.9, width=0.25)))[..., None]
    white = np.array([240, 234, 229], np.float32) * (1 - 0.18 * np.abs(x) ** 3)[..., None]
    ball = white + (colour - white) * (1 - step(radius, 1.0, width=edge / _IRIS))[..., None]
    ball *= step(radius, 0.45, width=edge / _IRIS)[..., None] * 0.93 + 0.07  # the pupil
    ball *= (1 - 0.5 * (1 - step(y, -0.18, width=0.6)))[..., None]  # the upper lid's shadow
    side = np.sign(person.light[0])
    for where, size, power in (((0.17 * side, -0.17), 0.12, 0.95), ((-0.16 * side, 0.18), 0.09, 0.25)):
        spot = 1 - step(np.hypot(x - gaze[0] - where[0], y - gaze[1] - where[1]), size, width=edge)
        ball += (255 - ball) * (power * spot)[..., None]
    return ball


def _lashes(canvas, upper, lower, side):
    """A dark upper lid, a faint lower one, and lashes that fan outwards."""
    person, random = canvas.person, canvas.person.random(f"lashes {side}")
    dark = np.array([34, 24, 22]) + 0.08 * person.skin
    soft = person.skin * (0.62, 0.42, 0.38)
    canvas.lines([lower], soft, width=0.014)
    canvas.lines([upper], dark, width=0.03 + 0.012 * person.makeup)
    reach = 0.022 + 0.02 * (1 - person.masculine) + 0.014 * person.makeup
    for lid, sign, count, length, colour in ((upper, -1, 22, reach, dark), (lower, 1, 14, 0.5 * reach, soft * 0.7)):
        along = random.uniform(0.15, 1, count)
        root = lid[(along * 29).astype(int)]
        lean = np.stack([side * (along - 0.3) * 1.6, np.full(count, sign)], 1) * length * (0.5 + along)[:, None]
        canvas.lines(np.stack([root, root + lean * (0.75, 0.4), root + lean], 1), colour, width=0.008)


# Brows and beard


def _brows(canvas, hairs):
    """Brows of single hairs: upright at the nose, lying down towards the temple."""
    random, (thick, arch, v, rise) = canvas.person.random("brows"), canvas.person.brow
    for side in (-1, 1):
        along = random.uniform(0, 1, int(130 + 110 * thick))
        depth = random.uniform(-1, 1, len(along)) * (0.02 + 0.025 * thick) * (1 - 0.75 * along**2)
        middle = v - arch * np.sin(np.pi * np.minimum(along * 0.8 + 0.05, 1)) + 0.05 * along**3 + (0.3 - along) * rise
        root = np.stack([0.15 + 0.54 * along, middle + depth], 1)
        turn = np.radians(-55 + 62 * along**0.5 + 18 * depth / 0.04) + random.normal(0, 0.12, len(along))
        lean = direction(turn) * (0.045 + 0.025 * thick)
        lines = canvas.turned(np.stack([root, root + 0.55 * lean, root + lean * (1, 0.85)], 1) * (side, 1))
        hairs.add(lines, random.normal(110, 25, len(along)), width=0.012)


def _beard(canvas, hairs):
    """Stubble, moustache, goatee or full beard: hairs rooted where the kind has them, growing down and out."""
    person, random = canvas.person, canvas.person.random("beard")
    root = random.uniform((-1, 0.1), (1, person.jaw.chin), (9000, 2))
    root = root[random.random(len(root)) < _beard_density(person, root)]
    stubble = person.beard == "stubble"
    length = (0.018 if stubble else 0.11) * random.uniform(0.6, 1.2, (len(root), 1))
    lean = np.stack([0.55 * root[:, 0] + random.normal(0, 0.18, len(root)), np.ones(len(root))], 1) * length
    curl = random.normal(0, 0.25, (len(root), 1)) * lean[:, ::-1] * (1, -1)
    lines = canvas.turned(np.stack([root, root + 0.5 * lean + curl, root + lean], 1))
    hairs.add(lines, random.normal(105, 30, len(root)), width=0.012, alpha=110 if stubble else 235)


def _beard_density(person, root):
    """The chance 0..1 that a hair grows at each root (count, 2)."""
    u, v = np.abs(root[:, 0]), root[:, 1]
    jaw = step(v - (0.62 - 0.42 * u**3 / 0.7), 0.02, width=0.12) * step(half_width(person, v) - u, width=0.06)
    lips = 1 - np.hypot(u / (person.lips.half_width * 1.05), (v - MOUTH - 0.02) / 0.13)
    moustache = step(0.44 - u, width=0.05) * step(v - 0.6 - 0.22 * u**2, width=0.04)
    moustache *= step(0.77 + 0.3 * u - v, width=0.03)
    chin = step(0.3 - u, width=0.08) * step(v - 0.92, width=0.06)
    kinds = {"moustache": moustache, "goatee": np.maximum(moustache, chin)}
    return kinds.get(person.beard, np.maximum(jaw, moustache)) * (1 - step(lips, width=0.03))


# Glasses


def paint_glasses(canvas: Canvas) -> None:
    """Paint frames over the eyes with a bridge, arms to the ears and a reflection in each glass; or nothing."""
    person = canvas.person
    if person.glasses == "none":
        return
    frame, colours = CHOICES["frames"][person.glasses], np.array(CHOICES["frame_colours"])
    colour = colours[person.random("glasses").integers(len(colours))]
    radii, width = frame["radii"], frame["width"]
    centre = person.eye.u + 0.01
    inner, outer = centre - radii[0], centre + radii[0]
    glass = ellipse((0.0, 0.0), radii, power=frame["power"], count=80)
    rims = canvas.turned([glass + (side * centre, -0.02) for side in (-1, 1)])
    bridge = canvas.turned(smooth([(-inner, -0.05), (0, -0.13), (inner, -0.05)], 12))
    arms = canvas.turned([[(side * outer, -0.06), (side * 1.02, -0.09)] for side in (-1, 1)])
    _reflections(canvas, rims)
    canvas.fill(person.skin * 0.35, _rim_mask(canvas, rims + (0, 0.025), width), strength=0.45)
    canvas.fill(colour, _rim_mask(canvas, rims, width))
    canvas.lines([bridge, *arms], colour, width=width)
    canvas.lines(rims[:, 44:62] - (0, 0.2 * width), colour * 1.3 + 45, width=0.3 * width)


def _rim_mask(canvas, outlines, width):
    """The mask of rims of a width around outlines."""
    mask = canvas.blank()
    pen = ImageDraw.Draw(mask)
    for outline in outlines:
        middle = outline.mean(axis=0)
        for grown, value in ((1 + 1.7 * width, 255), (1 - 1.7 * width, 0)):
            pen.polygon(canvas.path(middle + grown * (outline - middle)), fill=value)
    return mask


def _reflections(canvas, rims):
    """A pale slanted streak across each glass."""
    for rim in rims:
        slant = rim.mean(axis=0) + np.array([(-0.2, 0.4), (0.12, -0.4), (0.24, -0.4), (-0.08, 0.4)])
        streak = Image.composite(canvas.mask(slant, blur=0.02), canvas.blank(), canvas.mask(rim))
        canvas.fill((255, 255, 255), streak, strength=0.13)
