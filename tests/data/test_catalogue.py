"""The catalogue says the same in code and in data/README.md."""

import pathlib

import pytest

from srlib.course.publishing import data_cards
from srlib.data import catalogue, sources
from srlib.data.download import listings
from srlib.errors import InputError
from srlib.imaging import pictures

README = pathlib.Path(__file__).parents[2] / "data" / "README.md"


def test_the_cards_are_those_of_the_catalogue():
    assert README.read_text(encoding="utf-8") == data_cards.cards()


@pytest.mark.parametrize("dataset", catalogue.DATA_SETS.values(), ids=list(catalogue.DATA_SETS))
def test_every_set_says_what_a_user_must_know(dataset):
    assert all((dataset.title, dataset.what, dataset.licence, dataset.privacy, dataset.removal, dataset.citation))
    assert dataset.images > 0 and dataset.size > 0
    assert dataset.splits and set(dataset.splits) <= {"train", "test"}


@pytest.mark.parametrize("dataset", catalogue.DATA_SETS.values(), ids=list(catalogue.DATA_SETS))
def test_a_set_that_can_be_fetched_has_an_address(dataset):
    assert bool(dataset.home) == dataset.can_be_fetched
    assert dataset.listing is None or dataset.listing in listings.LISTS
    assert not dataset.mirror or dataset.listing


@pytest.mark.parametrize(
    "text, wrong",
    [
        ("images =", "sets.toml: not TOML"),
        ("[mine]\nimages = 5\ncolour = 1", r"sets.toml, \[mine\]: unknown key 'colour'.*known: name, title, what, "),
        ("[mine]\nimages = 5", r"sets.toml, \[mine\]: .*missing required field"),
        (
            '[[mine.archives]]\nurl = "x"\nmember = 1',
            r"\[mine.archives\]: unknown key 'member' \(did you mean 'members'",
        ),
        ("[[mine.archives]]\nurl = 1\nmembers = {}", r"\[mine.archives\]: key url takes str, not 1"),
    ],
)
def test_a_catalogue_that_is_wrong_names_file_key_and_what_is_allowed(tmp_path, text, wrong):
    (tmp_path / "sets.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=wrong):
        catalogue.read(tmp_path / "sets.toml")


def test_what_the_folders_hold_is_what_their_cards_say(data_root):
    for name in ("bsds", "bsds400", "faces", "photos", "portraits"):
        dataset = catalogue.find(name)
        paths = [path for folder in dataset.splits.values() for path in pictures.find(data_root / folder)]
        assert (len(paths), sum(path.stat().st_size for path in paths)) == (dataset.images, dataset.size)


def test_checksums_are_of_known_kinds():
    for dataset in catalogue.DATA_SETS.values():
        for archive in dataset.archives:
            kind, _, digits = archive.checksum.partition(":")
            assert len(digits) == {"md5": 32, "sha256": 64}[kind]


def test_pictures_known_to_leak_are_not_trained_on(data_root):
    used = {photo.id for split in ("train", "validation") for photo in sources.load("bsds", split, root=data_root)}
    assert (data_root / "bsds/train/302003.jpg").exists()
    assert "302003" not in used


def test_an_unknown_name_is_answered_with_the_closest():
    with pytest.raises(InputError, match="did you mean 'set14'"):
        catalogue.find("set41")
