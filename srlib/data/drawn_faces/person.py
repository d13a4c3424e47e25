"""Person behind a drawn face: colours, hair, bones, clothes and pose, all of them drawn from the index of the face."""

import collections
import dataclasses
import pathlib
import tomllib
from typing import Any

import numpy as np

CHOICES = tomllib.loads(pathlib.Path(__file__).with_name("choices.toml").read_text(encoding="utf-8"))
_SEED = 20170914

Jaw = collections.namedtuple("Jaw", "power root chin")  # higher power and lower root are squarer; v of the chin
Nose = collections.namedtuple("Nose", "width tip height")  # `tip` is its v
Eye = collections.namedtuple("Eye", "half_width opening slant u")
Brow = collections.namedtuple("Brow", "thickness arch v rise")  # `rise` towards the temple
Lips = collections.namedtuple("Lips", "half_width upper lower")  # thickness of the upper and of the lower
Cloth = collections.namedtuple("Cloth", "colours pattern neckline")


@dataclasses.dataclass(frozen=True)
class Person:
    """What makes a face this person's; numbers without a unit are 0..1 or in face units, colours RGB 0..255.

    Points are in face units, (u, v): 0, 0 between the eyes, 1 the half-width of the face, v downwards.
    """

    index: int
    masculine: float
    age: float
    skin: np.ndarray
    hair_colour: np.ndarray
    brow_colour: np.ndarray
    style: str  # one of the hairstyles in choices.toml
    volume: float
    hairline: float  # v above the nose
    part: float  # u
    iris: np.ndarray
    jaw: Jaw
    nose: Nose
    eye: Eye
    brow: Brow
    lips: Lips
    smile: float
    beard: str
    freckles: float
    makeup: float
    glasses: str
    cloth: Cloth
    scene: list[list[int]]  # the background from dark to light
    tilt: float  # radians
    yaw: float
    scale: float
    centre: tuple[float, float]  # of the face, as parts of the picture's side
    light: np.ndarray  # unit vector towards the light: right, down, towards us

    @classmethod
    def from_index(cls, index: int) -> "Person":
        """The person of an index: the same one on every call."""
        random = np.random.default_rng([_SEED, index])
        masculine = float(np.clip(random.choice([0.15, 0.85]) + random.normal(0, 0.1), 0, 1))
        age = random.beta(1.3, 1.8)
        tone = random.uniform(0, 1)
        return cls(
            index=index,
            masculine=masculine,
            age=age,
            skin=_skin(random, tone),
            **_hair_colours(random, tone, age),
            **_hair(random, masculine, age),
            iris=_mixed(CHOICES["iris"], random.uniform(0, 1) * (1 if tone < 0.35 else 0.3)),
            **_bones(random, masculine),
            smile=random.uniform(0.1, 1),
            beard="none" if masculine < 0.5 or random.random() < 0.45 else _one_of(random, "beards"),
            freckles=random.uniform(0.4, 1) if random.random() < 0.45 * (1 - tone) else 0.0,
            makeup=random.uniform(0.2, 1) if random.random() < 0.75 * (1 - masculine) else 0.0,
            glasses=_one_of(random, "glasses"),
            cloth=Cloth(*(_one_of(random, kind) for kind in ("cloths", "patterns", "necklines"))),
            scene=_one_of(random, "scenes"),
            **_pose(random),
        )

    def random(self, layer: str) -> np.random.Generator:
        """A generator of this person's own for one layer, so that no layer's draws shift another's."""
        return np.random.default_rng([_SEED, self.index, *layer.encode()])

    @property
    def hairstyle(self) -> dict[str, Any]:
        """What choices.toml says of the hairstyle: its cuts and their numbers."""
        return CHOICES["hairstyles"][self.style]


def _one_of(random, kind):
    """One entry of a list in choices.toml."""
    return CHOICES[kind][random.integers(len(CHOICES[kind]))]


def _skin(random, tone):
    """RGB of a skin: its depth from the palette, its undertone between pink and olive."""
    undertone = random.normal(0, 1) * np.array([1.5, -0.5, -4.0])
    return np.clip(_mixed(CHOICES["skin"], tone) + undertone, 20, 255)


def _mixed(palette, place):
    """RGB at `place` 0..1 along a palette, as float64 (3,)."""
    stops = np.linspace(0, 1, len(palette))
    return np.array([np.interp(place, stops, channel) for channel in zip(*palette, strict=True)])


def _hair_colours(random, tone, age):
    """RGB of hair and brows: dark skins have dark hair, age greys it, a few people dye it."""
    colours = {name: np.array(palette, float) for name, palette in CHOICES["hair_colours"].items()}
    natural = colours["natural"][random.integers(8 if tone < 0.45 else 4 if tone < 0.65 else 2)]
    grey = np.clip((age - 0.55) * 2.6 + random.normal(0, 0.15), 0, 1)
    natural += grey * (colours["grey"][random.integers(2)] - natural)
    dyed = colours["dyed"][random.integers(2)]
    brows = natural * (0.8, 0.72, 0.66)
    brows *= min(1, 150 / brows.max())  # pale brows would be lost on pale skin
    return {"hair_colour": dyed if random.random() < 0.05 else natural, "brow_colour": brows}


def _hair(random, masculine, age):
    """The hairstyle and its measures."""
    short = random.random() < (0.88 if masculine > 0.5 else 0.15)
    worn = CHOICES["worn"]["masculine" if masculine > 0.5 else "feminine"]
    style = str(random.choice(worn["short" if short else "long"]))
    return {
        "style": "crop" if style in ("bald", "horseshoe") and age < 0.3 else style,
        "volume": random.uniform(0.1, 0.24),
        "hairline": -0.9 + random.normal(0, 0.04) - 0.1 * age * masculine,
        "part": float(random.choice([-1, 1]) * random.uniform(0.1, 0.5)),
    }


def _bones(random, masculine):
    """{part of the face: its measures}, by the table of them in choices.toml."""
    return {
        part: kind(**{name: a + b * masculine + random.uniform(c, d) for name, (a, b, c, d) in CHOICES[part].items()})
        for part, kind in (("jaw", Jaw), ("nose", Nose), ("eye", Eye), ("brow", Brow), ("lips", Lips))
    }


def _pose(random):
    """Where the head is, how it leans and turns, and where the light is."""
    side = random.choice([-1, 1])
    light = np.array([side * random.uniform(0.35, 0.7), -random.uniform(0.25, 0.6), 0.8])
    return {
        "tilt": float(np.radians(random.normal(0, 3.5))),
        "yaw": float(np.clip(random.normal(0, 0.06), -0.12, 0.12)),
        "scale": random.uniform(0.94, 1.06),
        "centre": (0.5 + random.normal(0, 0.015), 0.465 + random.normal(0, 0.012)),
        "light": light / np.linalg.norm(light),
    }
