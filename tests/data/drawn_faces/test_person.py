"""Persons of drawn faces: the same from the same index, and every choice in the table can be drawn."""

import itertools

import numpy as np
import pytest

from srlib.data.drawn_faces import canvas, hair
from srlib.data.drawn_faces.person import CHOICES, Person

PEOPLE = [Person.from_index(index) for index in range(400)]


def test_the_same_index_is_the_same_person():
    again = Person.from_index(7)
    assert (again.style, again.age, again.eye) == (PEOPLE[7].style, PEOPLE[7].age, PEOPLE[7].eye)
    assert np.array_equal(again.skin, PEOPLE[7].skin)


def test_layers_draw_from_generators_of_their_own():
    one, same, other = (PEOPLE[7].random(layer).random() for layer in ("hair", "hair", "beard"))
    assert one == same != other


def test_every_hairstyle_is_worn_by_somebody_and_no_other():
    worn = {style for lengths in CHOICES["worn"].values() for styles in lengths.values() for style in styles}
    assert worn == set(CHOICES["hairstyles"]) == {person.style for person in PEOPLE}


@pytest.mark.parametrize("field, kind", [("beard", "beards"), ("glasses", "glasses")])
def test_every_beard_and_frame_is_worn_by_somebody(field, kind):
    assert {getattr(person, field) for person in PEOPLE} == {"none", *CHOICES[kind]}


def test_measures_lie_within_the_table():
    for person, part in itertools.product(PEOPLE, ("jaw", "nose", "eye", "brow", "lips")):
        for name, (start, more, least, most) in CHOICES[part].items():
            value = getattr(getattr(person, part), name) - start - more * person.masculine
            assert least - 1e-9 <= value <= most + 1e-9, (person.index, part, name)


def test_nobody_young_is_bald():
    assert min(person.age for person in PEOPLE if person.style in ("bald", "horseshoe")) >= 0.3


@pytest.mark.parametrize("style", CHOICES["hairstyles"])
def test_every_hairstyle_can_be_drawn(style):
    wearer = next(person for person in PEOPLE if person.style == style)
    assert hair.front_hair(canvas.Canvas(wearer, 64)).image.getbbox()
