"""The catalogue says the same in code and in data/README.md."""

import pathlib

import pytest

from srlib.course.publishing import data_cards
from srlib.data import catalogue, sources
from srlib.data.download import listings
from srlib.errors import InputError

README = pathlib.Path(__file__).parents[2] / "data" / "README.md"


def test_the_cards_are_those_of_the_catalogue():
    assert README.read_text(encoding="utf-8") == data_cards.cards()


@pytest.mark.parametrize("dataset", catalogue.DATA_SETS.values(), ids=list(catalogue.DATA_SETS))
def test_every_set_says_what_a_user_must_know(dataset):
    for text in (dataset.licence, dataset.privacy, dataset.removal, dataset.citation, dataset.home):
        assert text
    assert dataset.archives or dataset.each in listings.LISTS
    assert set(dataset.splits) <= {"train", "test"}
    assert sources.FOLDERS[dataset.name] == dataset.splits


def test_checksums_are_of_known_kinds():
    for dataset in catalogue.DATA_SETS.values():
        for archive in dataset.archives:
            kind, _, digits = archive.checksum.partition(":")
            assert len(digits) == {"md5": 32, "sha256": 64}[kind]


def test_pictures_known_to_leak_are_not_trained_on(data_root):
    used = {photo.id for split in ("train", "validation") for photo in sources.load("bsds", split, data_root)}
    assert (data_root / "bsds/train/302003.jpg").exists()
    assert "302003" not in used


def test_an_unknown_name_is_answered_with_the_closest():
    with pytest.raises(InputError, match="did you mean 'set14'"):
        catalogue.find("set41")
