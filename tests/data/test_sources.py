"""Data sets by name: known splits that share no picture, and errors that say what there is."""

import csv
import dataclasses
import hashlib
import itertools
import pathlib

import numpy as np
import pytest
from PIL import Image

from srlib.data import catalogue, embedded_photographs, sources
from srlib.data.drawn_faces import draw
from srlib.errors import InputError
from srlib.imaging import pictures

FOLDER_SETS = ("coco", "bsds", "faces")


@pytest.fixture
def album(tmp_path):
    """A folder of 60 pictures of one pixel, the value of which is their number."""
    for number in range(60):
        Image.new("L", (1, 1), number).save(tmp_path / f"photo {number:02d}.png")
    return tmp_path


@pytest.fixture
def layout(tmp_path):
    """A function that makes the folders of the named data sets, with 80 pictures each, below a data root."""

    def make(*names):
        for name, number in itertools.product(names, range(80)):
            for split, folder in catalogue.DATA_SETS[name].splits.items():
                (tmp_path / folder).mkdir(parents=True, exist_ok=True)
                Image.new("L", (1, 1), number).save(tmp_path / folder / f"{split}{number}.png")
        return tmp_path

    return make


def ids(name, split, root=None):
    return [photo.id for photo in sources.load(name, split, root=root)]


def assert_disjoint(name, root=None):
    splits = [ids(name, split, root) for split in sources.SPLITS]
    together = list(itertools.chain(*splits))
    assert all(splits), f"a split of {name} is empty"
    assert len(set(together)) == len(together)


@pytest.mark.parametrize("name", ["embedded", "drawn-faces"])
def test_splits_that_need_no_data_share_no_picture(name):
    assert_disjoint(name)


@pytest.mark.parametrize("name", FOLDER_SETS)
def test_splits_of_the_known_folders_share_no_picture(name, layout):
    assert_disjoint(name, layout(name))


def test_splits_of_any_folder_share_no_picture_and_cover_it(album):
    assert_disjoint("folder", album)
    assert sorted(sum((ids("folder", split, album) for split in sources.SPLITS), [])) == [
        f"photo {number:02d}" for number in range(60)
    ]


@pytest.mark.parametrize("name", FOLDER_SETS)
def test_the_development_data_has_the_known_layout(name, data_root):
    assert_disjoint(name, data_root)
    known = catalogue.DATA_SETS[name]
    stems = [{path.stem for path in (data_root / folder).iterdir()} for folder in known.splits.values()]
    train, validation, test = (set(ids(name, split, data_root)) for split in sources.SPLITS)
    assert [train | validation, test] == [stems[0] - set(known.left_out), stems[1]]
    assert len(train) / 40 < len(validation) < len(train) / 10


@pytest.mark.parametrize("name, count", [("set5", 5), ("set14", 14), ("BSD100", 100)])
def test_the_benchmarks_are_whole(name, count, data_root):
    assert len(sources.load(name, "test", root=data_root)) == count


def test_a_picture_that_a_benchmark_shows_is_held_out_of_training(layout, monkeypatch):
    bsds = dataclasses.replace(catalogue.find("bsds"), left_out=("train3", "train4"))
    monkeypatch.setitem(catalogue.DATA_SETS, "bsds", bsds)
    root = layout("bsds")
    learned_from = set(ids("bsds", "train", root)) | set(ids("bsds", "validation", root))
    assert learned_from == {f"train{number}" for number in range(80)} - {"train3", "train4"}


def test_training_photographs_are_in_no_benchmark(data_root):
    trained_on = set(ids("bsds", "train", data_root)) | set(ids("bsds", "validation", data_root))
    assert not trained_on & set(ids("bsd100", "test", data_root))


def test_all_of_bsds500_but_its_benchmark_can_be_trained_on(layout):
    root = layout("bsds")
    names = {pathlib.PurePath(key).name for split in ("train", "validation") for key in ids("bsds400", split, root)}
    assert names == {f"{folder}{number}" for folder in ("train", "test") for number in range(80)}
    assert set(ids("bsds", "validation", root)) <= {
        name.rpartition("/")[2] for name in ids("bsds400", "validation", root)
    }


def test_the_picture_that_set5_shows_is_in_neither_set_of_bsds500(data_root):
    for name in ("bsds", "bsds400"):
        assert not [key for split in ("train", "validation") for key in ids(name, split, data_root) if "302003" in key]


def test_the_split_depends_on_the_name_alone(album):
    expected = {0: "test", 1: "validation"}
    for split in sources.SPLITS:
        for name in ids("folder", split, album):
            number = int(hashlib.sha256(name.encode()).hexdigest()[:16], 16) % 10
            assert expected.get(number, "train") == split


def test_new_pictures_move_no_other_to_another_split(album):
    before = {split: set(ids("folder", split, album)) for split in sources.SPLITS}
    for number in range(60, 80):
        Image.new("L", (1, 1)).save(album / f"photo {number:02d}.png")
    (album / "photo 00.png").unlink()
    for split in sources.SPLITS:
        assert before[split] - {"photo 00"} <= set(ids("folder", split, album))


def test_one_name_in_two_formats_or_folders_stays_in_one_split(album):
    (album / "again").mkdir()
    for number in range(60):
        Image.new("L", (1, 1)).save(album / "again" / f"photo {number:02d}.bmp")
    for split in sources.SPLITS:
        names = ids("folder", split, album)
        assert sorted(name for name in names if "/" not in name) == sorted(
            name.removeprefix("again/") for name in names if "/" in name
        )


def test_all_pictures_of_a_folder_can_be_taken_at_once(album):
    whole = sources.from_folder(album)
    assert [photo.id for photo in whole] == [f"photo {number:02d}" for number in range(60)]
    assert [array[0, 0, 0] for array in whole.arrays()] == list(range(60))
    with pytest.raises(InputError, match="nowhere: no such folder"):
        sources.from_folder(album / "nowhere")


def test_photos_load_the_picture_of_their_name(album):
    for photo in sources.load("folder", "train", root=album):
        assert photo.load().rgb[0, 0, 0] == int(photo.id.removeprefix("photo "))


def test_limit_takes_the_first_and_zero_takes_all(album):
    whole = sources.load("folder", "train", root=album)
    assert [photo.id for photo in whole.limit(3)] == ids("folder", "train", album)[:3]
    assert len(whole.limit(0)) == len(whole)
    assert len(whole.limit(1000)) == len(whole)
    assert [array.shape for array in whole.limit(2).arrays()] == [(1, 1, 3), (1, 1, 3)]


def test_sets_joined_by_plus_follow_each_other(layout):
    root = layout("bsds")
    assert ids("Embedded+bsds", "train", root) == ids("embedded", "train") + ids("bsds", "train", root)
    assert sources.load("embedded+bsds", "train", root=root).name == "embedded+bsds"


def test_a_set_can_be_reduced_to_a_side():
    whole, reduced = (list(sources.load(name, "train")) for name in ("drawn-faces", "drawn-faces@64"))
    assert [photo.id for photo in reduced] == [f"{photo.id}@64" for photo in whole]
    assert reduced[0].path is None  # the packed store reads files, and none holds these pixels
    rgb, small = whole[0].load().rgb, reduced[0].load().rgb
    factor = len(rgb) // 64
    means = rgb.reshape(64, factor, 64, factor, 3).mean(axis=(1, 3))
    assert small.shape == (64, 64, 3)
    assert np.abs(small - means).mean() < 2  # an area's mean is near what bicubic with antialiasing makes of it


def test_the_shorter_side_is_reduced_and_a_smaller_picture_stays(tmp_path):
    for number in range(60):
        Image.new("RGB", (40, 80) if number % 2 else (12, 20)).save(tmp_path / f"{number}.png")
    sides = {photo.load().rgb.shape[:2] for photo in sources.load("folder@20", "train", root=tmp_path)}
    assert sides == {(40, 20), (20, 12)}


@pytest.mark.parametrize("name", ["embedded@", "embedded@big", "embedded@8"])
def test_a_side_is_a_number_of_pixels(name):
    with pytest.raises(InputError, match=f"'{name}': after @ comes a number of pixels, at least 16"):
        sources.load(name, "train")


def test_a_root_has_a_reduced_set_where_it_has_the_whole(layout):
    root = layout("faces")
    assert sources.has("faces+faces@256", root)
    assert not sources.has("coco@256", root)


def test_drawn_faces_are_those_of_the_renderer():
    photo = next(iter(sources.load("drawn-faces", "validation")))
    index = draw.indices("validation")[0]
    assert photo.id == f"face-{index:04d}"
    assert np.array_equal(photo.load().rgb, draw.draw(index))


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(InputError, match="unknown data set 'cocoo'.*did you mean 'coco'.*embedded"):
        sources.load("cocoo", "train")


def test_an_unknown_split_names_the_known_ones():
    with pytest.raises(InputError, match="'holiday'.*train, validation, test"):
        sources.load("embedded", "holiday")


def test_a_benchmark_has_nothing_to_train_on(layout):
    root = layout("set5")
    assert len(sources.load("set5", "test", root=root)) == 80
    for split in ("train", "validation"):
        with pytest.raises(InputError, match="'set5' is for testing only"):
            sources.load("set5", split, root=root)


@pytest.fixture
def everyday(tmp_path, monkeypatch):
    """A data root in which two of the four folders have a picture, and the boxes of two faces in them."""
    for name in ("coco", "bsd100", "set5", "set14"):
        folder = tmp_path / catalogue.find(name).splits["test"]
        folder.mkdir(parents=True)
        Image.new("L", (8, 8)).save(folder / "other.png")
    pixels = np.arange(40 * 60 * 3, dtype=np.uint32).reshape(40, 60, 3).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "coco" / "val2017" / "007.png")
    Image.new("L", (40, 40), 9).save(tmp_path / "benchmarks" / "Set5" / "baby.bmp")
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("picture,top,left,side\ncoco/val2017/007,4,10,16\nbenchmarks/Set5/baby,0,8,32\n")
    monkeypatch.setattr(sources, "_BOXES", boxes)
    return tmp_path, pixels


def test_everyday_faces_are_the_listed_squares_whatever_the_files_suffix(everyday):
    root, pixels = everyday
    first, second = sources.load("everyday-faces", "test", root=root)
    assert (first.id, second.id) == ("007-4-10", "baby-0-8")
    assert np.array_equal(first.load().rgb, pixels[4:20, 10:26])
    assert second.load().grey and second.load().rgb.shape == (32, 32, 3)


def test_everyday_faces_are_for_testing_only_and_need_all_their_folders(everyday):
    root, _ = everyday
    with pytest.raises(InputError, match="'everyday-faces' is for testing only"):
        sources.load("everyday-faces", "train", root=root)
    assert sources.has("everyday-faces", root)
    (root / "benchmarks" / "Set5").rename(root / "elsewhere")
    assert not sources.has("everyday-faces", root)
    with pytest.raises(InputError, match="Set5: no such folder"):
        sources.load("everyday-faces", "test", root=root)


def test_a_listed_picture_that_is_not_there_is_named(everyday):
    root, _ = everyday
    (root / "coco" / "val2017" / "007.png").unlink()
    photos = list(sources.load("everyday-faces", "test", root=root))
    with pytest.raises(InputError, match="007: no such file"):
        photos[0].load()


def test_the_boxes_of_everyday_faces_are_squares_on_the_lr_grid_none_twice():
    with sources._BOXES.open() as file:
        rows = list(csv.DictReader(file))
    assert len({(row["picture"], row["top"], row["left"]) for row in rows}) == len(rows) == 63
    assert all(int(row["side"]) % 4 == 0 and min(int(row["top"]), int(row["left"])) >= 0 for row in rows)


def test_data_that_needs_a_root_says_how_to_give_one(monkeypatch):
    monkeypatch.delenv("SRLIB_DATA_ROOT", raising=False)
    with pytest.raises(InputError, match="'coco' needs a data root: .*--data-root.*SRLIB_DATA_ROOT"):
        sources.load("coco", "train")


def test_a_root_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="data root .*nowhere: no such folder"):
        sources.load("coco", "train", root=tmp_path / "nowhere")


def test_a_set_that_the_root_lacks_is_named_by_its_folder(layout):
    with pytest.raises(InputError, match="coco/train2017: no such folder"):
        sources.load("coco", "train", root=layout("bsds"))


def test_the_variable_stands_in_for_the_root(album, tmp_path, monkeypatch):
    monkeypatch.setenv("SRLIB_DATA_ROOT", str(album))
    assert sources.data_root() == album
    assert len(sources.load("folder", "train")) > 30
    (tmp_path / "other").mkdir()
    assert sources.data_root(tmp_path / "other") == tmp_path / "other"


def test_what_to_train_and_score_on_without_data_is_embedded(monkeypatch):
    monkeypatch.delenv("SRLIB_DATA_ROOT", raising=False)
    assert sources.training_set("coco") == "embedded"
    assert sources.test_sets() == ["embedded"]


def test_what_to_train_on_is_what_is_wanted_where_the_root_has_it(layout):
    root = layout("bsds", "faces", "set5")
    assert sources.training_set("faces", root) == "faces"
    assert sources.training_set("bsds+faces", root) == "bsds+faces"
    assert sources.training_set("coco", root) == "bsds"
    assert sources.training_set("bsds+coco", root) == "bsds"


def test_faces_are_the_largest_set_of_them_that_the_root_has(layout):
    assert sources.face_set(layout("bsds", "faces")) == "faces"
    assert sources.face_set(layout("faces", "ffhq", "ffhq-thumbnails")) == "ffhq"


def test_a_plain_folder_is_taken_for_faces_and_a_root_without_any_for_drawn_ones(album, layout, monkeypatch):
    assert sources.face_set(album) == "folder"
    assert sources.face_set(layout("bsds", "set5")) == "drawn-faces"
    monkeypatch.delenv("SRLIB_DATA_ROOT", raising=False)
    assert sources.face_set() == "drawn-faces"


def test_no_person_of_the_development_data_is_in_two_splits(data_root):
    # A file's name begins with the hash of its person's name; "-1" marks a second portrait.
    people = {
        split: {photo.id.split("-")[0] for photo in sources.load("faces", split, root=data_root)}
        for split in sources.SPLITS
    }
    assert [len(sources.load("faces", split, root=data_root)) for split in sources.SPLITS] == [576, 29, 149]
    for one, other in itertools.combinations(people.values(), 2):
        assert not one & other


def test_faces_can_be_mixed_with_photographs(data_root):
    parts = [ids(name, "train", data_root) for name in ("bsds", "coco", "faces")]
    assert ids("bsds+coco+faces", "train", data_root) == [key for part in parts for key in part]


def test_what_to_score_on_is_the_benchmarks_there_are(layout):
    assert sources.test_sets(layout("bsds", "set14", "set5")) == ["set5", "set14"]


def test_a_root_without_benchmarks_is_scored_on_its_own_test_split(layout):
    assert sources.test_sets(layout("bsds")) == ["bsds"]


def test_a_plain_folder_of_pictures_is_a_data_set(album):
    assert sources.training_set("coco", album) == "folder"
    assert sources.test_sets(album) == ["folder"]


def test_every_embedded_photograph_is_there_and_no_two_show_the_same():
    photographs = [photo.load().rgb for split in sources.SPLITS for photo in sources.load("embedded", split)]
    assert len(photographs) == sum(map(len, embedded_photographs.PHOTOGRAPHS.values())) == 12
    assert min(min(picture.shape[:2]) for picture in photographs) >= 200
    thumbnails = [np.asarray(Image.fromarray(picture).convert("L").resize((16, 16)), float) for picture in photographs]
    for one, other in itertools.combinations(thumbnails, 2):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.9


def test_the_second_view_of_the_motorcycle_is_left_out():
    files = [
        pathlib.PurePath(place).name
        for places in embedded_photographs.PHOTOGRAPHS.values()
        for place in places.values()
    ]
    assert "motorcycle_left.png" in files
    assert "motorcycle_right.png" not in files


def test_grey_photographs_are_known_as_grey():
    grey = [photo.id for split in sources.SPLITS for photo in sources.load("embedded", split) if photo.load().grey]
    assert grey == ["gravel", "camera", "grass", "coins", "brick"]


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(embedded_photographs.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="package sklearn, which is not installed"):
        sources.load("embedded", "train")


def test_a_folder_too_small_for_a_split_is_named(tmp_path):
    pictures.write_png(tmp_path / "only.png", np.zeros((8, 8, 3), np.uint8))
    empty = []
    for split in sources.SPLITS:
        try:
            assert len(sources.load("folder", split, root=tmp_path)) == 1
        except InputError as error:
            empty.append(str(error))
    assert len(empty) == 2
    assert all("too few pictures" in message and str(tmp_path) in message for message in empty)
