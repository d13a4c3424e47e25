"""Hair on the head of a drawn face: thousands of strands, cut as the person's hairstyle says."""

import numpy as np

from srlib.data.drawn_faces.canvas import Canvas, HairLayer
from srlib.data.drawn_faces.head_and_body import half_width
from srlib.data.drawn_faces.shapes import closed, direction, ellipse, mirror, smooth, symmetric


def front_hair(canvas: Canvas) -> HairLayer:
    """The hair before the face, not yet painted: it casts a shadow first."""
    layer, random = HairLayer(canvas), canvas.person.random("hair")
    cuts = {"parted": _parted, "fringe": _fringe, "swept": _swept, "curls": _curls, "shaved": _shaved, "sides": _sides}
    for cut in canvas.person.hairstyle["cuts"]:
        cuts[cut](canvas.person, layer, random)
    return layer


def paint_back_hair(canvas: Canvas) -> None:
    """Paint the hair behind the neck, or the bun above the head."""
    person, random, layer = canvas.person, canvas.person.random("back hair"), HairLayer(canvas)
    end = person.hairstyle.get("length")
    if end:
        left = smooth([(-0.6, -0.9), (-1.05, -0.2), (-1.05 - person.volume, 0.6), (-1.0, end)], 30)
        layer.mass(closed(left, mirror(left)), tone=40)
        strands, tones = _strands(random, (left, mirror(left)), 900, person.hairstyle["wave"])
        layer.add(strands, tones * 0.62)
    elif person.style == "bun":
        _bun(person, layer, random)
    canvas.paint_hair(layer, person.hair_colour)


def _strands(random, edges, count, wave=(0.0, 3.0), loose=0.02):
    """Strands between two edges, gathered into locks.

    Args:
        random: `np.random.Generator`.
        edges: two curves (points, 2) from the roots to the tips.
        count: how many strands.
        wave: its width in face units, and how many of them a strand has.
        loose: how far tips stray, in face units.
    Returns:
        (strands (count, points, 2), tones (count,)).
    """
    place = random.uniform(0, 1, count)
    along = np.linspace(0, 1, len(edges[0]))
    locks = random.integers(9, 15)
    lock = np.minimum((place * locks).astype(int), locks - 1)
    gather = (lock + 0.5) / locks - place
    across = np.clip(place[:, None] + 0.35 * gather[:, None] * along**1.5, -0.02, 1.04)[..., None]
    strands = (1 - across) * edges[0] + across * edges[1]
    phase = random.uniform(0, 6, locks)[lock] + random.normal(0, 0.25, count)
    strands[..., 0] += wave[0] * (np.sin(2 * np.pi * wave[1] * along + phase[:, None]) * along**0.5)
    strands += random.normal(0, loose, (count, 1, 2)) * along[:, None]
    tones = random.normal(128, 24, locks)[lock] + 26 * np.cos(2 * np.pi * (place * locks - lock - 0.5)) - 8
    return strands, tones + random.normal(0, 13, count)


def _edges(person, volume):
    """Hairline from temple to temple, and outline of the hair from ear to ear: two curves (200, 2), left to right."""
    line, lift = person.hairline, 0.16 * person.age * person.masculine
    hairline = [(0.0, line), (0.4, line + 0.02 - lift), (0.72, line + 0.2 - lift), (0.9, -0.42), (0.97, -0.02)]
    sides = [(1.0 + 0.4 * volume, -1.02), (1.08 + 0.4 * volume, -0.45), (1.02 + 0.2 * volume, 0.0)]
    outline = [(0.0, -1.36 - volume), (0.52, -1.35 - volume), *sides]
    return symmetric(hairline, 200), symmetric(outline, 200)


def _volume(person):
    """How far the hair of a style stands off the skull."""
    least, share = person.hairstyle["volume"]
    return least + share * person.volume


def _parted(person, layer, random):
    """Hair that falls to both sides of a part: short, to the jaw, or over the shoulders."""
    line, volume, end, wave = person.hairline, person.volume, person.hairstyle["length"], person.hairstyle["wave"]
    for side in (-1, 1):
        start = person.part * side
        inner = [(start, line - 0.02), (0.45 + 0.3 * start, line + 0.07), (0.82, -0.58), (0.96, -0.25), (0.97, 0.0)]
        outer = [(start * 0.8, -1.33 - volume), (0.6, -1.38 - volume), (1.04 + 0.4 * volume, -0.95)]
        outer += [(1.1 + 0.5 * volume, -0.3), (1.03 + 0.2 * volume, 0.02)]
        if end:
            tuck, wide = 0.8 if end < 1.5 else 0.78, 1.04 + volume
            inner[3:] = [(0.93, -0.2), (0.95, 0.35), (0.9, min(end, 1.0) * 0.85), (tuck, end)]
            outer[3:] = [(wide, -0.3), (wide + 0.07, 0.4), (wide + 0.06, min(end, 1.5)), (wide, end)]
        inner, outer = edges = [smooth(np.array(edge) * (side, 1), 34) for edge in (inner, outer)]
        layer.mass(closed(inner, outer))
        layer.add(*_strands(random, edges, 900 if end else 600, wave))
        layer.add(np.array([[inner[0], 0.25 * inner[0] + 0.75 * outer[0]]]), np.array([80]), width=0.025)
        layer.add(*_strands(random, edges, 40, (wave[0] + 0.01, wave[1]), loose=0.06), width=0.006)  # flyaways


def _fringe(person, layer, random):
    """Hair over the forehead down to the brows, its ends uneven."""
    left = smooth([(-0.4, -1.33 - person.volume), (-0.85, -1.1), (-0.9, -0.3)], 24)
    right = mirror(left)
    strands, tones = _strands(random, (left, right), 700, loose=0.025)
    ends = -0.44 + 0.1 * strands[:, -1, 0] ** 2 + random.normal(0, 0.03, len(strands))
    top = strands[:, :1, 1]
    strands[..., 1] = top + (strands[..., 1] - top) * ((ends - top[:, 0]) / (strands[:, -1, 1] - top[:, 0]))[:, None]
    strands[..., 0] += 0.06 * person.part * np.sin(np.linspace(0, np.pi, 24))
    layer.mass(closed(left[:20], right[:20]), tone=70)
    layer.add(strands, tones)


def _swept(person, layer, random):
    """Hair combed up and back from the forehead, or cropped: strands run from the hairline to the outline."""
    style = person.hairstyle
    edges = _edges(person, _volume(person))
    layer.mass(closed(*edges))
    count, reach, along = style["strands"], style["reach"], np.linspace(0, 1, 12)
    root = random.uniform(0.0, 1, count)
    depth = random.uniform(0, 1.02 - reach * 0.9, count)[:, None] + reach * along
    sweep = style["sweep"] * np.sign(person.part) * np.sin(np.pi * root)
    place = np.clip(root[:, None] + sweep[:, None] * np.clip(depth, 0, 1), 0, 1) * 199
    low, rest = np.floor(place).astype(int).clip(0, 198), (place % 1)[..., None]
    hairline, outline = (edge[low] + rest * (edge[low + 1] - edge[low]) for edge in edges)
    strands = hairline + np.clip(depth, 0, 1.06)[..., None] * (outline - hairline)
    strands += random.normal(0, style["loose"], (count, 1, 2)) * along[:, None]
    tones = random.normal(122, 22, count) + 20 * np.sin(root * random.integers(60, 90))
    layer.add(strands, tones)


def _curls(person, layer, random):
    """Tight curls, close to the head or as an afro: small spirals over the whole mass."""
    style, (hairline, outline) = person.hairstyle, _edges(person, _volume(person))
    outline = outline * (style["stretch"], 1.0) + (0.0, style["drop"])
    layer.mass(closed(hairline, outline), tone=48)
    count = style["strands"]
    place, depth = random.integers(0, 200, count), np.sqrt(random.uniform(0, 1.0, (count, 1)))
    centre = hairline[place] + depth * (outline[place] - hairline[place])
    start, turn = random.uniform(0, 6.3, (count, 1)), np.linspace(0, random.uniform(5, 10), 18)
    angle = start + turn * random.choice([-1, 1], (count, 1))
    radius = np.linspace(1, 0.35, 18) * random.uniform(0.03, 0.075, (count, 1))
    layer.add(centre[:, None] + direction(angle) * radius[..., None], random.normal(118, 33, count))


def _shaved(person, layer, random):
    """A buzz cut, or the shimmer of stubble on a bald head."""
    hairline, outline = _edges(person, 0.0)
    count, alpha = person.hairstyle["strands"], person.hairstyle["alpha"]
    place, depth = random.integers(0, 200, count), random.uniform(0.0, 1, (count, 1))
    root = hairline[place] + depth * (outline[place] - hairline[place])
    root = root[np.abs(root[:, 0]) < half_width(person, root[:, 1])]
    lean = root * (0.05, 0.02) + random.normal(0, 0.012, root.shape) - (0, 0.012)
    layer.add(np.stack([root, root + lean], 1), random.normal(105, 30, len(root)), width=0.012, alpha=alpha)


def _sides(person, layer, random):
    """A ring of hair round a bald head."""
    inner = smooth([(0.8, -0.66), (0.9, -0.45), (0.95, -0.2), (0.97, 0.06)], 20)
    outer = smooth([(0.92, -0.74), (1.1, -0.5), (1.12, -0.2), (1.05, 0.1)], 20)
    for side in (-1, 1):
        layer.add(*_strands(random, (inner * (side, 1), outer * (side, 1)), 330, (0.02, 1.5), loose=0.04))


def _bun(person, layer, random):
    """A knot on top of the head: strands wound round it."""
    centre, radii, count = np.array([0.1 * person.part, -1.55]), (0.36, 0.3), 420
    layer.mass(ellipse(centre, radii))
    start, radius = random.uniform(0, 6.3, (count, 1)), np.sqrt(random.uniform(0.02, 1.1, (count, 1)))
    size = (radius * np.linspace(1, 0.85, 12))[..., None]
    strands = centre + direction(start + np.linspace(0, 1.5, 12)) * size * radii
    layer.add(strands, random.normal(120, 26, count) + 20 * np.sin(9 * radius[:, 0]))
