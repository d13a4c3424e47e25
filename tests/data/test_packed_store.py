"""The packed store: the pixels that patches would have, within a budget, never half-built."""

import hashlib
import json

import numpy as np
import pytest
from PIL import Image

from srlib.data import disk_space, packed_store, patches, sources
from srlib.errors import InputError
from srlib.imaging import pictures


@pytest.fixture
def paths(tmp_path):
    """Twelve pictures of several sizes, two of them too small for a patch."""
    random = np.random.default_rng(0)
    made = []
    for number, side in enumerate([40, 300, 130, 97, 210, 128, 96, 333, 64, 150, 121, 256]):
        made.append(tmp_path / f"{number:02d}.png")
        Image.fromarray(random.integers(0, 255, (side, side + 11, 3), dtype=np.uint8)).save(made[-1])
    return made


def arrays(paths):
    return [np.asarray(Image.open(path)) for path in paths]


def build(paths, tmp_path, **options):
    return packed_store.build(paths, tmp_path / "store", progress=False, **options)


def everything(built):
    return (built.folder / "pixels.bin").read_bytes(), (built.folder / "index.npy").read_bytes(), built.about


def test_batches_are_those_of_pictures_in_memory(paths, tmp_path):
    ours = build(paths, tmp_path).sampler(patches.PatchSettings(96, 8, seed=3))
    theirs = patches.PatchSampler(list(map(cut, arrays(paths))), 96, batch=8, seed=3)
    for index in (0, 1, 500):
        assert np.array_equal(ours(index), theirs(index))


def cut(image):
    """An image as the store knows it: cropped to the LR grid."""
    return image[: image.shape[0] // 4 * 4, : image.shape[1] // 4 * 4]


def test_threads_change_neither_batches_nor_their_order(paths, tmp_path):
    sampler = build(paths, tmp_path).sampler(patches.PatchSettings(96, 4, seed=1))
    batches = sampler.batches(start=5, workers=3)
    for index in range(5, 30):
        assert np.array_equal(next(batches)[0], sampler(index))
    batches.close()


def test_all_eight_symmetries_and_all_images_are_drawn(paths, tmp_path):
    image = np.arange(96 * 96 * 3, dtype=np.uint32).reshape(96, 96, 3).astype(np.uint8)
    sampler = patches.PatchSampler([image], 96, batch=64, seed=0)
    seen = {patch.tobytes() for patch in sampler(0)}
    margin = patches.with_margin(image)
    assert seen == {patches.augment(margin, choice).tobytes() for choice in range(8)}


def test_a_symmetry_is_quarter_turns_and_a_mirror():
    patch = np.arange(4 * 4 * 3).reshape(4, 4, 3)
    for choice in range(8):
        turned = np.rot90(patch, choice % 4)
        assert np.array_equal(patches.augment(patch, choice), turned[:, ::-1] if choice >= 4 else turned)


def test_a_tile_has_real_surroundings_and_lies_on_the_grid(paths, tmp_path):
    built = build(paths[1:2], tmp_path, settings=packed_store.Settings(tile=128, tiles=3, seed=5))
    whole = patches.with_margin(arrays(paths)[1])
    assert len(built) == 3
    for tile in built:
        assert tile.shape == (144, 144, 3)
        places = [
            (top, left)
            for top in range(0, whole.shape[0] - 143, 4)
            for left in range(0, whole.shape[1] - 143, 4)
            if np.array_equal(whole[top : top + 144, left : left + 144], tile)
        ]
        assert len(places) == 1


def test_the_budget_chooses_the_tiles():
    whole = 118_287 * packed_store.packed_size(480, 640)
    settings = packed_store.plan(118_287, whole)
    assert settings == packed_store.Settings(tile=256, tiles=1)
    assert (
        packed_store.planned_size((480, 640), settings, count=118_287) == 118_287 * 272 * 272 * 3 <= packed_store.BUDGET
    )
    assert packed_store.plan(100, 100 * packed_store.packed_size(480, 640)) == packed_store.Settings()
    with pytest.raises(InputError, match="one tile of each of 1000000 pictures takes 222.0 GB"):
        packed_store.plan(1_000_000, 10**12)


def test_a_store_takes_the_size_that_was_planned(paths, tmp_path):
    settings = packed_store.Settings(tile=64, tiles=2)
    built = build([path for path in paths[1:] if path.stem != "08"], tmp_path, settings=settings)
    assert built.about["bytes"] == packed_store.planned_size((100, 100), settings, count=10)


def test_a_current_store_is_not_built_again(paths, tmp_path, monkeypatch):
    before = everything(build(paths, tmp_path))
    monkeypatch.setattr(packed_store, "_build", None)
    assert everything(build(paths, tmp_path)) == before


def test_a_store_follows_its_settings_and_pictures(paths, tmp_path):
    first = build(paths, tmp_path).about["fingerprint"]
    assert build(paths, tmp_path, settings=packed_store.Settings(64)).about["fingerprint"] != first
    assert build(paths[:-1], tmp_path).about["pictures"] == 11
    Image.new("RGB", (300, 300)).save(paths[1])
    assert build(paths, tmp_path)[1].max() == 0


@pytest.mark.parametrize("after", [0, 1, 2, 7, 11])
def test_an_interrupted_build_goes_on_to_the_same_bytes(paths, tmp_path, monkeypatch, after):
    whole = everything(packed_store.build(paths, tmp_path / "whole", progress=False))
    append, left = packed_store._append, [after]

    def stops(pixels, tiles):
        left[0] -= 1
        if left[0] < 0:
            pixels.write(b"half a picture")
            raise KeyboardInterrupt
        return append(pixels, tiles)

    monkeypatch.setattr(packed_store, "_append", stops)
    with pytest.raises(KeyboardInterrupt):
        build(paths, tmp_path)
    assert not (tmp_path / "store/store.json").exists()
    monkeypatch.undo()
    assert everything(build(paths, tmp_path)) == whole


def test_a_build_that_ends_before_the_last_file_is_no_store(paths, tmp_path, monkeypatch):
    whole = everything(packed_store.build(paths, tmp_path / "whole", progress=False))
    monkeypatch.setattr(packed_store.files, "write_json", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        build(paths, tmp_path)
    monkeypatch.undo()
    assert everything(build(paths, tmp_path)) == whole


@pytest.mark.parametrize("damage", ["", "x", "[]\n", '"other"\n[[0, 40, 48]]\n'])
def test_a_log_that_cannot_be_used_starts_clean(paths, tmp_path, damage):
    whole = everything(packed_store.build(paths, tmp_path / "whole", progress=False))
    (tmp_path / "store").mkdir()
    (tmp_path / "store/build.log").write_text(damage)
    (tmp_path / "store/pixels.part").write_bytes(b"something")
    assert everything(build(paths, tmp_path)) == whole


def test_a_store_file_of_another_size_is_not_used(paths, tmp_path):
    built = build(paths, tmp_path)
    whole = everything(built)
    (built.folder / "pixels.bin").write_bytes(b"cut short")
    assert everything(build(paths, tmp_path)) == whole


def test_too_little_room_and_unreadable_pictures_are_named(paths, tmp_path, monkeypatch):
    monkeypatch.setattr(disk_space, "free_space", lambda folder: disk_space.RESERVE)
    with pytest.raises(InputError, match="lower the budget"):
        build(paths, tmp_path)
    paths[3].write_bytes(b"x")
    with pytest.raises(InputError, match="03.png"):
        build(paths, tmp_path)


def test_no_picture_large_enough_is_an_error(paths, tmp_path):
    built = build(paths[:1], tmp_path)
    assert json.loads((built.folder / "store.json").read_text())["pictures"] == 1
    with pytest.raises(InputError, match="none of the 1 training images is at least 96×96"):
        built.sampler(patches.PatchSettings(96, 4, seed=0))


def test_few_pictures_stay_in_memory_and_many_go_to_a_store(paths, tmp_path):
    photos = [sources.Photo(path.stem, lambda path=path: pictures.read(path), path) for path in paths]
    few = packed_store.images(photos, tmp_path / "store", in_memory=len(paths))
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(few.arrays, arrays(paths), strict=True))
    assert not (tmp_path / "store").exists()
    many = packed_store.images(photos, tmp_path / "store", in_memory=len(paths) - 1)
    assert len(many) == len(paths)
    assert np.array_equal(
        many.sampler(patches.PatchSettings(96, 4, seed=0))(5),
        build(paths, tmp_path / "other").sampler(patches.PatchSettings(96, 4, seed=0))(5),
    )


def test_the_fingerprint_in_memory_is_that_of_the_pixels_and_in_a_store_that_of_the_files(paths, tmp_path):
    grey = np.full((1, 2, 3), 7, np.uint8)
    expected = hashlib.sha256(b"(1, 2, 3)" + bytes([7] * 6) + b"(1, 2, 3)" + bytes([7] * 6)).hexdigest()
    assert packed_store.as_images([grey, grey]).fingerprint() == expected
    built = build(paths, tmp_path)
    assert packed_store.as_images(built) is built
    assert built.fingerprint() == built.about["fingerprint"] == packed_store.fingerprint(paths, packed_store.Settings())
