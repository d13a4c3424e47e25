"""Canvas of a drawn face: where points of the face land, how surfaces take the light, and the ways to paint."""

from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from srlib.data.drawn_faces.person import Person
from srlib.data.drawn_faces.shapes import Points

_UNIT = 0.232  # half-width of a face of average size, as part of the picture's width
_FINE = 2  # canvas pixels per picture pixel; smooth fields have one value per picture pixel
_BETWEEN_HAIRS = 62  # tone of what is seen between hairs

Colour = np.ndarray | tuple[int, int, int]  # RGB 0..255
Light = tuple[np.ndarray, np.ndarray]  # diffuse and gloss, a field each
Box = tuple[int, int, int, int]  # left, top, right, bottom in canvas pixels


class Canvas:
    """The canvas of one portrait, painted at twice its size: reducing it smooths the jagged edges of `ImageDraw`.

    Args:
        person: whose portrait it is.
        size: side of the picture in pixels.
    """

    def __init__(self, person: Person, size: int) -> None:
        self.person, self.size, self.side = person, size, _FINE * size
        self.unit = self.side * _UNIT * person.scale
        self.spacing = _FINE / self.unit  # of the grid, in face units
        self.image = Image.new("RGB", (self.side, self.side))
        self.u, self.v = self.grid(_FINE, tilt=person.tilt)
        self._hair_light = _hair_light(self)

    def grid(self, step: int, *, tilt: float = 0.0, rows: slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """(u, v) of the centres of blocks of `step` canvas pixels, each float32 (side / step, side / step)."""
        places = (np.arange(0, self.side, step, dtype=np.float32) + step / 2) / self.unit
        x = places[None, :] - np.float32(self.person.centre[0] * self.side / self.unit)
        y = places[rows, None] - np.float32(self.person.centre[1] * self.side / self.unit)
        cosine, sine = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
        return cosine * x + sine * y, cosine * y - sine * x

    def turned(self, points: Points) -> np.ndarray:
        """Points of the flat face (…, 2) after the head has turned: the middle moves most, the outline stays."""
        points = np.array(points, float)
        points[..., 0] += self.person.yaw * np.clip(1 - points[..., 0] ** 2, 0, 1)
        return points

    def place(self, points: Points, *, upright: bool = False) -> np.ndarray:
        """Canvas pixels of points (…, 2) in face units; the body stays upright when the head leans."""
        tilt = 0.0 if upright else self.person.tilt
        turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
        return np.asarray(points) @ turn * self.unit + np.array(self.person.centre) * self.side

    def path(self, points: Points, *, upright: bool = False) -> list[float]:
        """Canvas pixels of a curve (count, 2), x and y in turn, as `ImageDraw` takes them."""
        return self.place(points, upright=upright).ravel().tolist()

    def width(self, units: float) -> int:
        """A line width in face units as whole canvas pixels, at least one."""
        return max(1, round(units * self.unit))

    def blank(self) -> Image.Image:
        """An empty mask: an image "L" of the canvas' size."""
        return Image.new("L", self.image.size)

    def mask(self, *outlines: np.ndarray, blur: float = 0.0, upright: bool = False) -> Image.Image:
        """Image "L" of filled outlines, softened by `blur` face units."""
        image = self.blank()
        pen = ImageDraw.Draw(image)
        for outline in outlines:
            pen.polygon(self.path(outline, upright=upright), fill=255)
        return self.soft(image, blur)

    def soft(self, image: Image.Image, blur: float) -> Image.Image:
        """The image blurred by `blur` face units; a wide blur runs at a quarter of the size, where nobody sees it."""
        if blur < 0.04:
            return image.filter(ImageFilter.GaussianBlur(blur * self.unit)) if blur else image
        small = image.reduce(4).filter(ImageFilter.GaussianBlur(blur * self.unit / 4))
        return small.resize(image.size, Image.Resampling.BILINEAR)

    def fill(self, colour: Colour, mask: Image.Image, *, strength: float = 1.0) -> None:
        """Paint one colour through a mask."""
        if strength < 1:
            mask = faded(mask, strength)
        self.image.paste(rgb(colour), (0, 0), mask)

    def paste(self, colours: np.ndarray, mask: Image.Image, *, box: Box) -> None:
        """Paint colours (height, width, 3) into a box, through what a mask of the whole canvas has there."""
        self.image.paste(picture(colours), box[:2], mask.crop(box))

    def lines(self, lines: Iterable[np.ndarray], colour: Colour, *, width: float, upright: bool = False) -> None:
        """Draw lines (count, points, 2) or a list of them straight onto the picture."""
        pen = ImageDraw.Draw(self.image)
        for line in lines:
            pen.line(self.path(line, upright=upright), rgb(colour), self.width(width), joint="curve")

    def reduced(self, mask: Image.Image) -> np.ndarray:
        """A mask as a smooth field, float32 (size, size) 0..1."""
        return np.asarray(mask.reduce(_FINE), np.float32) / 255

    def enlarged(self, field: np.ndarray, box: Box) -> np.ndarray:
        """What a smooth field float32 (size, size) has inside a box."""
        left, top, right, bottom = box
        part = (left / _FINE, top / _FINE, right / _FINE, bottom / _FINE)
        return np.asarray(Image.fromarray(field).resize((right - left, bottom - top), Image.Resampling.BILINEAR, part))

    def lit(self, across: np.ndarray, down: np.ndarray) -> Light:
        """How a surface takes the light.

        Args:
            across, down: fields, the right and the downward part of the surface's normal.
        Returns:
            (diffuse, gloss), float32 fields 0..1.
        """
        towards = np.sqrt(np.clip(1 - across**2 - down**2, 0.04, 1))
        light = self.person.light.astype(np.float32)
        halfway = light + np.array([0, 0, 1], np.float32)
        halfway /= np.linalg.norm(halfway)
        wrap = np.float32(0.3)  # light scattered inside the skin softens the edge of the shadow
        diffuse = np.clip((across * light[0] + down * light[1] + towards * light[2] + wrap) / (1 + wrap), 0, 1)
        gloss = np.clip(across * halfway[0] + down * halfway[1] + towards * halfway[2], 0, 1) ** 26
        return diffuse, gloss

    def paint_skin(self, albedo: Image.Image, mask: Image.Image, *, light: Light) -> None:
        """Light the colours of skin and paint them: shadows on skin are warmer than what is in the light."""
        box = mask.getbbox()
        diffuse, gloss = (self.enlarged(field, box)[..., None] for field in light)
        ambient, key = np.array([0.42, 0.33, 0.32], np.float32), np.array([0.65, 0.71, 0.72], np.float32)
        self.paste(np.asarray(albedo.crop(box), np.float32) * (ambient + key * diffuse) + 44 * gloss, mask, box=box)

    def paint_hair(self, layer: "HairLayer", colour: np.ndarray) -> None:
        """Paint a layer of hair, coloured and lit as a rounded mass with a band of shine."""
        box = layer.image.getbbox()
        if box is None:
            return
        tone, alpha = layer.image.split()
        tone = np.asarray(tone.crop(box), np.float32) * self.enlarged(self._hair_light, box)
        self.paste(_hair_colours(colour)[np.clip(tone, 0, 255).astype(np.uint8)], alpha, box=box)

    def photograph(self) -> np.ndarray:
        """The canvas reduced to the picture, with a film's grain: uint8 (size, size, 3)."""
        random = self.person.random("grain")
        canvas = self.image.filter(ImageFilter.GaussianBlur(0.75))  # thin lines are drawn without smooth edges
        small = np.asarray(canvas.resize((self.size, self.size), Image.Resampling.LANCZOS), np.float32)
        grain = random.normal(0, 1.6, (self.size, self.size, 1)) + random.normal(0, 0.6, small.shape)
        return np.clip(np.rint(small + grain), 0, 255).astype(np.uint8)


class HairLayer:
    """A layer of hair: image "LA", the tone of each hair and where there is one."""

    def __init__(self, canvas: Canvas) -> None:
        self.image = Image.new("LA", canvas.image.size, (_BETWEEN_HAIRS, 0))
        self._canvas, self._pen = canvas, ImageDraw.Draw(self.image)

    def mass(self, outline: np.ndarray, *, tone: int = _BETWEEN_HAIRS) -> None:
        """Fill an outline with the dark between hairs."""
        self._pen.polygon(self._canvas.path(outline), fill=(tone, 255))

    def add(self, hairs: np.ndarray, tones: np.ndarray, *, width: float = 0.017, alpha: int = 255) -> None:
        """Draw hairs (count, points, 2) in face units, tones (count,) 0..255."""
        width = self._canvas.width(width)
        paths = self._canvas.place(hairs).reshape(len(hairs), -1).tolist()
        for path, tone in zip(paths, np.clip(tones, 0, 255).astype(int).tolist(), strict=True):
            self._pen.line(path, fill=(tone, alpha), width=width)


def rgb(colour: Colour) -> tuple[int, ...]:
    """A colour as whole numbers 0..255, as Pillow wants it."""
    return tuple(np.rint(np.clip(colour, 0, 255)).astype(int).tolist())


def picture(colours: np.ndarray) -> Image.Image:
    """An image "RGB" of an array (height, width, 3), what lies outside 0..255 clipped."""
    return Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))


def faded(mask: Image.Image, strength: float) -> Image.Image:
    """A mask that lets through `strength` of what it did."""
    return mask.point(lambda value: value * strength)


def _hair_colours(colour):
    """Colours uint8 (256, 3) of a hair by its tone: from its shadow over its own colour (at 128) to its shine."""
    warm = np.array([1.12, 0.95, 0.86])  # hair in the shade is redder
    stops = np.stack([colour * warm * 0.16, colour * warm * 0.55, colour, colour * 1.25 + 20, colour * 1.3 + 60])
    channels = [np.interp(np.arange(256), (0, 64, 128, 192, 255), stop) for stop in stops.T]
    return np.clip(np.stack(channels, 1), 0, 255).astype(np.uint8)


def _hair_light(canvas):
    """Brightness of hair by place, float32 (size, size) around 1."""
    u, v = canvas.u, canvas.v
    across, down = u / 1.35, (v + 0.1) / 1.75
    limit = 0.85 / np.maximum(np.sqrt(across**2 + down**2), 0.85)  # past the head's edge the mass hangs straight
    diffuse, _ = canvas.lit(across * limit, np.where(down < 0, down * limit, 0.2 * down * limit))
    ring = np.hypot((u - 0.25 * canvas.person.light[0]) / 1.1, (v + 0.25) / 1.15)
    shine = np.exp(-(((ring - 0.78) / 0.13) ** 2)) * np.clip(-v, 0, 1)
    return (0.42 + 0.72 * diffuse + 0.75 * shine * diffuse).astype(np.float32)
