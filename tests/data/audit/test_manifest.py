"""Manifests, and what `check` finds: missing, altered, unreadable, small pictures, and one photograph in two splits."""

import dataclasses
import io

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from srlib.cli import data
from srlib.data import embedded_photographs
from srlib.data.audit import duplicates, manifest
from srlib.data.download import library
from srlib.errors import InputError


@pytest.fixture
def folders(tmp_path):
    """Photographs cut into two splits that share nothing."""
    made = {"train": tmp_path / "train", "test": tmp_path / "test"}
    for split, names in (("train", ("china", "coffee", "rocket")), ("test", ("astronaut", "chelsea", "coins"))):
        made[split].mkdir()
        paths = {**embedded_photographs.paths("train"), **embedded_photographs.paths("test")}
        for name in names:
            with Image.open(paths[name]) as image:
                image.convert("RGB").save(made[split] / f"{name}.png")
    return made


def kinds(problems):
    return [problem.kind for problem in problems]


def test_a_manifest_reads_as_it_was_written(tmp_path):
    rows = [manifest.Row("b.png", "train", "http://x", "ab", 3, 4, "CC, BY", 'A "B"'), manifest.Row("a.png", "train")]
    manifest.write(tmp_path / "m.csv", rows)
    assert manifest.read(tmp_path / "m.csv") == rows[::-1]


def test_a_file_that_is_no_manifest_is_named(tmp_path):
    (tmp_path / "m.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="m.csv: cannot be read as a manifest"):
        manifest.read(tmp_path / "m.csv")


def test_all_is_well(folders):
    rows, problems = manifest.build(folders)
    assert problems == []
    assert manifest.check(folders, rows) == []


def test_missing_altered_unreadable_and_small_pictures_are_found(folders):
    rows, _ = manifest.build(folders)
    (folders["train"] / "china.png").unlink()
    Image.new("RGB", (200, 200)).save(folders["train"] / "coffee.png")
    (folders["test"] / "coins.png").write_bytes(b"no picture")
    Image.effect_noise((90, 300), 50).save(folders["train"] / "small.png")
    problems = manifest.check(folders, rows)
    assert sorted(kinds(problems)) == ["altered", "missing", "too small", "unreadable"]
    assert any("china.png; fetch the data set again" in str(problem) for problem in problems)


def planted(image, how):
    """A copy of a Pillow image that a leak could be."""
    width, height = image.size
    if how == "rescaled":
        image = image.resize((width // 2, height // 2), Image.Resampling.BICUBIC)
    elif how == "cropped":
        image = image.crop((round(0.15 * width), round(0.15 * height), round(0.85 * width), round(0.85 * height)))
    elif how == "off centre":
        image = image.crop((round(0.05 * width), round(0.3 * height), round(0.7 * width), round(0.95 * height)))
    elif how == "mirrored":
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=80)
    return data.getvalue()


@pytest.mark.parametrize("how", ["recompressed", "rescaled", "cropped", "off centre", "mirrored"])
def test_a_planted_copy_is_found(folders, how):
    for name in ("china", "rocket"):
        with Image.open(folders["train"] / f"{name}.png") as image:
            (folders["test"] / f"leak-{name}.jpg").write_bytes(planted(image, how))
    problems = manifest.check(folders)
    assert kinds(problems) == ["near-duplicate"] * 2
    assert all(name in str(problem) for name, problem in zip(("china", "rocket"), problems))


def test_a_planted_duplicate_is_found(folders):
    (folders["test"] / "again.png").write_bytes((folders["train"] / "china.png").read_bytes())
    problems = manifest.check(folders)
    assert kinds(problems) == ["duplicate"]
    assert "delete it from training" in str(problems[0])


def test_copies_inside_a_split_are_no_leak(folders):
    with Image.open(folders["train"] / "china.png") as image:
        (folders["train"] / "again.jpg").write_bytes(planted(image, "rescaled"))
    assert manifest.check(folders) == []


def test_plain_pictures_do_not_resemble_each_other(tmp_path):
    for split, grey in (("train", 100), ("test", 101)):
        (tmp_path / split).mkdir()
        Image.new("L", (200, 200), grey).save(tmp_path / split / "plain.png")
    assert manifest.check({split: tmp_path / split for split in ("train", "test")}) == []


def test_agreement_tells_a_crop_from_a_stranger(folders):
    seen = [duplicates.miniature(folders["train"] / f"{name}.png") for name in ("china", "coffee")]
    crop = duplicates.shrink(seen[0].crop((10, 10, 100, 70)))
    assert [(pair.first, pair.second) for pair in duplicates.find([*seen, crop], ["a", "a", "b"])] == [(0, 2)]
    assert duplicates.find([], []) == []


def test_the_command_exits_by_what_it_finds(folders):
    run = CliRunner().invoke
    assert run(data.data, ["check", str(folders["train"])]).exit_code == 0
    (folders["train"] / "bad.png").write_bytes(b"x")
    found = run(data.data, ["check", str(folders["train"])])
    assert (found.exit_code, "unreadable: " in found.output) == (1, True)
    with pytest.raises(InputError, match="unknown data set 'cocoa' .did you mean 'coco'"):
        run(data.data, ["check", "cocoa"], catch_exceptions=False)


def test_every_command_explains_itself():
    for command in data.data.commands:
        shown = CliRunner().invoke(data.data, [command, "--help"])
        assert shown.exit_code == 0
    listed = CliRunner().invoke(data.data, ["list"])
    assert "coco" in listed.output


def near(root, *kept):
    """The near-duplicates and duplicates between folders of the data root, as sets of two file names."""
    there = {folder: root / folder for folder in kept}
    found, _ = manifest.build(there)
    assert len(found) == sum(len(list(folder.iterdir())) for folder in there.values())
    pairs = manifest.near_duplicates(found, there)
    across = [problem for problem in manifest._same_files(found) if "leaks" in problem.advice]
    return [problem.what for problem in (*pairs, *across)]


def test_no_person_is_in_both_splits_of_the_faces(data_root):
    assert near(data_root, "faces/train", "faces/test") == []


def test_the_benchmarks_share_one_photograph_with_the_training_folders(data_root):
    kept = [f"benchmarks/{name}" for name in ("Set5", "Set14", "BSD100")]
    found = near(data_root, *kept, "bsds/train", "coco/train2017")
    # Both are true: Set5's woman is a crop of a BSDS training photograph, and Set14's face is Set5's head.
    assert len(found) == 2
    assert any("Set5/woman.png" in pair and "302003.jpg" in pair for pair in found)
    assert any("Set5/head.png" in pair and "Set14/face.png" in pair for pair in found)


def test_copies_planted_among_real_portraits_are_found(data_root, tmp_path):
    portraits = sorted((data_root / "faces/train").iterdir())[:60]
    hows = ("rescaled", "cropped", "recompressed", "mirrored")
    for path, how in zip(portraits[::15], hows):
        with Image.open(path) as image:
            (tmp_path / f"{how}.jpg").write_bytes(planted(image, how))
    rows = [manifest.describe(path, id=path.name, split="train") for path in portraits]
    rows += [manifest.describe(path, id=path.name, split="test") for path in sorted(tmp_path.iterdir())]
    found = manifest.near_duplicates(rows, {"train": data_root / "faces/train", "test": tmp_path})
    named = sorted(problem.what.split(" (")[0] for problem in found)
    expected = sorted(f"train/{path.name} shows test/{how}.jpg" for path, how in zip(portraits[::15], hows))
    assert named == expected


def test_rows_of_a_shipped_manifest_are_checked(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "_SHIPPED", tmp_path / "shipped")
    folder = tmp_path / "root/benchmarks/Set5"
    folder.mkdir(parents=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (99, 99), dtype=np.uint8)).save(folder / "a.png")
    row = manifest.describe(folder / "a.png", id="a.png", split="test")
    manifest.write(tmp_path / "shipped/set5.csv", [row, dataclasses.replace(row, id="b.png")])
    assert kinds(library.check("set5", tmp_path / "root")) == ["missing"]


def test_a_picture_in_a_folder_of_two_data_sets_is_no_duplicate_of_itself(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (2, 99, 99, 3), dtype=np.uint8)
    for folder, image in zip(("bsds/train", "bsds/test"), pixels):
        (tmp_path / folder).mkdir(parents=True)
        Image.fromarray(image).save(tmp_path / folder / "a.png")
    assert library.check(tmp_path) == []  # bsds400 is both folders
    Image.fromarray(pixels[0]).save(tmp_path / "bsds/test/b.png")
    assert kinds(library.check(tmp_path)) == ["duplicate"]
