"""The command: results, exit statuses, and one clear line for bad input."""

import importlib.util
import json
import subprocess
import sys

import ablation_work
import numpy as np
import pytest
from PIL import Image

from srlib import config, records
from srlib.cli import group, main
from srlib.evaluation import face_identity
from srlib.experiments import plans, task_runner, training_task
from srlib.imaging import bicubic
from srlib.srgan import generator
from srlib.training import recipes
from srlib.upscaling import model_files


@pytest.fixture
def pictures(tmp_path):
    """A folder with a small picture of each kind, good and bad; the good ones are 12 × 8 pixels."""
    random = np.random.default_rng(0)
    rgb = random.integers(0, 256, (8, 12, 3), np.uint8)
    colour = Image.fromarray(rgb)
    folder = tmp_path / "Bilder größer"
    folder.mkdir()
    colour.save(folder / "colour.png")
    colour.convert("L").save(folder / "grey.png")
    colour.convert("P").save(folder / "palette.png")
    colour.convert("CMYK").save(folder / "cmyk.jpg")
    colour.convert("RGBA").save(folder / "alpha.png")
    Image.fromarray(rgb[..., 0].astype(np.uint16) * 257).save(folder / "deep.png")
    rotated = Image.Exif()
    rotated[0x0112] = 6  # shown turned by 90 degrees
    colour.save(folder / "turned.jpg", exif=rotated, quality=95)
    Image.fromarray(rgb[:1, :1]).save(folder / "one.png")
    (folder / "text.png").write_text("not a picture")
    (folder / "empty.png").touch()
    large = Image.fromarray(random.integers(0, 256, (64, 64, 3), np.uint8))
    large.save(folder / "whole.jpg")
    (folder / "cut.jpg").write_bytes((folder / "whole.jpg").read_bytes()[:1500])
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model file with a tiny network that starts at bicubic."""
    settings = {"generator_blocks": 1, "generator_filters": 4, "bicubic_skip": True}
    small = config.resolve("full", 0, settings)
    path = tmp_path_factory.mktemp("model") / "tiny.npz"
    model_files.save(path, generator.build(small), config=small)
    return str(path)


def run(capsys, *words):
    """(exit status, standard output, standard error) of a command."""
    status = main.status([str(word) for word in words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def one_line(text):
    return text.startswith("srlib: ") and text.count("\n") == 1


KINDS = {
    "colour.png": ("RGB", (48, 32)),
    "grey.png": ("L", (48, 32)),
    "palette.png": ("RGB", (48, 32)),
    "cmyk.jpg": ("RGB", (48, 32)),
    "alpha.png": ("RGBA", (48, 32)),
    "deep.png": ("L", (48, 32)),
    "turned.jpg": ("RGB", (32, 48)),
    "one.png": ("RGB", (4, 4)),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("upscaler", ["bicubic", "network"])
def test_upscale_gives_a_png_four_times_as_large_of_the_same_kind(capsys, tmp_path, pictures, model, name, upscaler):
    chosen = model if upscaler == "network" else "bicubic"
    status, _, _ = run(capsys, "upscale", pictures / name, "-o", tmp_path / "out", "--model", chosen)
    result = Image.open(tmp_path / "out" / f"{name[:-4]}.png")
    assert (status, (result.mode, result.size)) == (0, KINDS[name])


def test_upscale_by_the_untrained_network_is_the_bicubic_enlargement(capsys, tmp_path, pictures, model):
    run(capsys, "upscale", pictures / "colour.png", "-o", tmp_path, "--model", model)
    expected = bicubic.upscale(np.asarray(Image.open(pictures / "colour.png")))
    difference = np.asarray(Image.open(tmp_path / "colour.png")).astype(int) - expected
    assert abs(difference).max() <= 1


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_every_precision_gives_the_bicubic_enlargement_too(capsys, tmp_path, pictures, model, precision):
    words = ("upscale", pictures / "colour.png", "-o", tmp_path, "--model", model, "--precision", precision)
    assert run(capsys, *words)[0] == 0
    expected = bicubic.upscale(np.asarray(Image.open(pictures / "colour.png")))
    assert abs(np.asarray(Image.open(tmp_path / "colour.png")).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("options, imported", [([], False), (["--precision", "mixed_bfloat16"], True)])
def test_a_small_picture_is_enlarged_without_keras(tmp_path, pictures, model, repository, options, imported):
    words = ["upscale", str(pictures / "colour.png"), "-o", str(tmp_path / "out"), "--model", model, *options]
    code = (
        f"import sys; from srlib.cli import main; status = main.status({words}); print(status, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=repository, check=True)
    assert done.stdout.splitlines()[-1] == f"0 {imported}"


def test_export_names_the_file_it_wrote(capsys, tmp_path, model):
    pytest.importorskip("onnx", reason="needs the extra `export`")
    status, out, _ = run(capsys, "export", model, "-o", tmp_path / "tiny.onnx")
    assert (status, [path.name for path in tmp_path.iterdir()]) == (0, ["tiny.onnx"])
    assert str(tmp_path / "tiny.onnx") in out


@pytest.mark.parametrize(
    "name, reason",
    [
        ("absent.png", "no such file"),
        ("text.png", "not a picture"),
        ("empty.png", "is empty"),
        ("cut.jpg", "is damaged"),
        (".", "is a folder"),
    ],
)
def test_a_lone_bad_picture_is_bad_input(capsys, tmp_path, pictures, name, reason):
    status, _, err = run(capsys, "upscale", pictures / name, "-o", tmp_path / "out", "--model", "bicubic")
    assert status == 2
    assert one_line(err)
    assert reason in err
    assert not list((tmp_path / "out").iterdir())


def test_a_batch_goes_on_past_bad_pictures_names_them_and_exits_1(capsys, tmp_path, pictures):
    names = ["text.png", "colour.png", "cut.jpg", "grey.png"]
    files = [pictures / name for name in names]
    status, _, err = run(capsys, "upscale", *files, "-o", tmp_path / "out", "--model", "bicubic")
    assert status == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["colour.png", "grey.png"]
    last = err.splitlines()[-1]
    assert "2 of 4 pictures failed" in last
    assert "text.png" in last
    assert "cut.jpg" in last


def test_two_inputs_of_one_name_are_refused_before_any_work(capsys, tmp_path, pictures):
    files = [pictures / "colour.png", tmp_path / "colour.jpg"]
    status, _, err = run(capsys, "upscale", *files, "-o", tmp_path / "out", "--model", "bicubic")
    assert (status, one_line(err), "colour.png" in err) == (2, True, True)
    assert not (tmp_path / "out").exists()


def test_an_original_is_never_replaced(capsys, pictures):
    before = (pictures / "colour.png").read_bytes()
    status, _, err = run(capsys, "upscale", pictures / "colour.png", "-o", pictures, "--model", "bicubic")
    assert (status, one_line(err)) == (2, True)
    assert (pictures / "colour.png").read_bytes() == before


@pytest.mark.parametrize("output", ["text.png", "text.png/below", "/proc/nowhere"])
def test_an_output_that_cannot_be_written_is_bad_input(capsys, pictures, output):
    status, _, err = run(capsys, "upscale", pictures / "colour.png", "-o", pictures / output, "--model", "bicubic")
    assert (status, one_line(err), "cannot write" in err) == (2, True, True)


@pytest.mark.parametrize(
    "words, names",
    [
        (["upscale", "x.png", "-o", "out", "--model", "srresnot"], "srresnot"),
        (["evaluate", "--model", "bicubic", "--hr", "nowhere"], "nowhere"),
        (["evaluate", "--model", "bicubic"], "--hr"),
        (["train", "srresnet-papers"], "did you mean 'srresnet-paper'?"),
        (["train", "tiny", "-p", "pretrian_steps", "3"], "did you mean 'pretrain_steps'?"),
        (["train", "tiny", "-p", "pretrain_steps", "many"], "pretrain_steps takes int"),
        (["train", "tiny", "--data-root", "nowhere"], "nowhere"),
        (["train", "tiny", "--devices", "miror"], "did you mean 'mirrored'?"),
        (["ablate", "nowhere.toml"], "nowhere.toml"),
        (["ablate", "optimizers_pixl"], "did you mean 'optimizers_pixel'?"),
        (["ablate", "plan.toml", "--scheduler", "tcp://127.0.0.1:1", "--workers", "-1"], "--workers"),
        (["course", "--profile", "huge"], "huge"),
        (["course", "--only", "99"], "99"),
        (["course", "-p", "sede", "1"], "did you mean 'seed'?"),
        (["course", "-p", "overides", "1"], "did you mean 'overrides'?"),
        (["course", "--out", "/proc/nowhere"], "/proc/nowhere"),
        (["upscail"], "upscail"),
        (["upscale", "x.png"], "--output"),
        (["upscale", "x.png", "-o", "out", "--tile", "many"], "many"),
        (["upscale", "x.png", "-o", "out", "--precision", "float8"], "float8"),
        (["export", "srresnot", "-o", "x.onnx"], "srresnot"),
        (["export", "srresnet-small", "-o", "x.txt"], ".onnx or .tflite"),
        (["export", "srresnet-small"], "--output"),
    ],
)
def test_bad_words_are_named_in_one_line_with_exit_status_2(capsys, tmp_path, monkeypatch, words, names):
    monkeypatch.chdir(tmp_path)
    status, _, err = run(capsys, *words)
    assert status == 2
    assert one_line(err)
    assert names in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["course", "grade", "upscale", "export", "evaluate", "robustness", "faces", "train", "ablate", "models"]
)
def test_help_names_every_option_with_an_explanation(capsys, name):
    status, out, _ = run(capsys, name, "--help")
    assert status == 0
    explained = [parameter for parameter in group.command.commands[name].params if getattr(parameter, "help", None)]
    assert all(parameter.opts[0] in out for parameter in explained)


def test_the_module_is_the_command_too(repository):
    words = [sys.executable, "-m", "srlib.cli.main", "models"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=repository)
    assert (done.returncode, done.stdout.split()[0]) == (0, next(iter(model_files.available())))


@pytest.mark.parametrize(
    "words, package, extra",
    [
        (["course", "--only", "00"], "nbconvert", "papermill"),
        (["student", "--check"], "nbformat", "jupyterlab"),
        (["site"], "nbconvert", "latex2mathml"),
        (["grade", "."], "psutil", "nbclient"),
        (["app", "--no-browser"], "nbformat", "voila"),
    ],
)
def test_what_needs_an_extra_says_in_one_line_how_to_get_it(tmp_path, repository, words, package, extra):
    code = f"import sys; sys.modules[{package!r}] = None; from srlib.cli import main; main.main({words})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=repository)
    assert (done.returncode, done.stdout) == (2, "")
    assert one_line(done.stderr)
    assert f"needs the package {package}: pip install " in done.stderr
    assert f'"{extra}' in done.stderr


def test_the_former_name_of_the_time_between_checkpoints_is_taken(capsys, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(recipes, "train", lambda name, **given: seen.append(given["options"]) or (tmp_path, None))
    for word in ("--checkpoint-minutes", "--minutes"):
        assert run(capsys, "train", "tiny", word, "7")[0] == 0
    assert [options.checkpoint_minutes for options in seen] == [7.0, 7.0]


def test_evaluate_writes_each_image_and_the_mean_with_the_protocol(capsys, tmp_path, data_root):
    target = tmp_path / "figures.json"
    words = ("evaluate", "--model", "bicubic", "--hr", data_root / "benchmarks" / "Set5", "--json", target)
    status, out, _ = run(capsys, *words)
    report = json.loads(target.read_text())
    assert status == 0
    assert round(report["mean"]["model"]["psnr"], 2) == 28.43
    assert [row["image"] for row in report["images"]] == ["baby", "bird", "butterfly", "head", "woman"]
    assert "28.43" in out
    assert report["protocol"] in out


def test_robustness_prints_the_grid_and_writes_its_record(capsys, tmp_path, model):
    words = ("robustness", "--model", model, "--data", "drawn-faces", "--limit", 1, "--out", tmp_path)
    status, out, _ = run(capsys, *words)
    assert status == 0
    assert f"| input | bicubic | {model} |" in out
    assert out.count("\n| ") == 16  # clean, and five kinds in three strengths
    rows = (tmp_path / "runs" / "robustness-drawn-faces" / "images.csv").read_text().splitlines()
    assert len(rows) == 1 + 2 * 16


def test_faces_without_the_recogniser_is_bad_input_and_writes_nothing(capsys, tmp_path, monkeypatch, model):
    monkeypatch.setattr(face_identity.importlib.util, "find_spec", lambda name: None)
    status, _, err = run(capsys, "faces", "--model", model, "--data", "drawn-faces", "--out", tmp_path)
    assert status == 2
    assert one_line(err)
    assert 'pip install "dlib-bin' in err
    assert not list(tmp_path.iterdir())


def test_faces_writes_a_record_for_bicubic_and_each_model(capsys, tmp_path, model):
    for name in ("dlib", "face_recognition_models"):
        if importlib.util.find_spec(name) is None:
            pytest.skip("asks a public recogniser: pip install -e '.[identity]'")
    words = ("faces", "--model", model, "--data", "drawn-faces", "--limit", 1, "--out", tmp_path)
    status, out, _ = run(capsys, *words)
    assert status == 0
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["drawn-faces-bicubic", "drawn-faces-tiny"]
    assert "tiny: descriptor" in out
    assert "psnr against bicubic" in out


def test_the_sheet_of_faces_needs_no_recogniser_and_stays_out_of_the_results(capsys, tmp_path, monkeypatch, model):
    monkeypatch.setattr(face_identity.importlib.util, "find_spec", lambda name: None)
    words = ("faces", "--model", model, "--data", "drawn-faces", "--limit", 2, "--sheet", tmp_path / "sheet.png")
    status, out, _ = run(capsys, *words)
    assert (status, out.strip()) == (0, str(tmp_path / "sheet.png"))
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > sheet.height  # bicubic, the model and the original; two rows
    status, _, err = run(capsys, "faces", "--model", model, "--sheet", records.KEPT / "figures" / "sheet.png")
    assert status == 2
    assert "portraits of real people are not published" in err


def test_evaluate_goes_on_past_a_bad_picture(capsys, tmp_path, pictures):
    keep = {"whole.jpg", "text.png"}
    for path in pictures.iterdir():
        if path.name not in keep:
            path.unlink()
    target = tmp_path / "figures.json"
    status, _, err = run(capsys, "evaluate", "--model", "bicubic", "--hr", pictures, "--json", target)
    assert status == 1
    assert "1 of 2 pictures failed: text" in err
    assert [row["image"] for row in json.loads(target.read_text())["images"]] == ["whole"]


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """A plan of two arms on the embedded photographs whose trainings cost nothing."""
    monkeypatch.delenv("SRLIB_DATA_ROOT", raising=False)
    monkeypatch.setattr(training_task, "run", ablation_work.pretend)
    path = tmp_path / "plan.toml"
    arms = "[arms.adam]\ntrain_data = 'embedded'\n[arms.better]\ntrain_data = 'embedded'\n"
    path.write_text(f"name = 'two'\nprofile = 'smoke'\nmetrics = ['psnr']\n{arms}")
    return path


def test_ablate_prints_the_verdicts_and_writes_the_record(capsys, tmp_path, plan):
    status, out, _ = run(capsys, "ablate", plan, "--out", tmp_path / "out")
    assert status == 0
    assert "PSNR on embedded: better beats adam by 0." in out
    record = tmp_path / "out" / "runs" / "ablation-two-smoke"
    assert out.splitlines()[-1] == f"record: {record}"
    assert json.loads((record / "metrics.json").read_text())["done"] == 6


def test_ablate_list_names_the_shipped_plans_with_their_questions(capsys):
    status, out, _ = run(capsys, "ablate", "list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == list(plans.available())
    assert all(line.endswith("?") for line in out.splitlines())


def test_ablate_may_take_another_profile(capsys, tmp_path, plan):
    assert run(capsys, "ablate", plan, "--out", tmp_path / "out", "--profile", "cpu")[0] == 0
    assert (tmp_path / "out" / "runs" / "ablation-two-cpu" / "metrics.json").exists()


def test_ablate_names_the_runs_that_failed_and_exits_1(capsys, tmp_path, plan):
    plan.write_text(plan.read_text() + "[arms.broken]\ntrain_data = 'embedded'\n[arms.bad]\ntrain_data = 'embedded'\n")
    status, out, err = run(capsys, "ablate", plan, "--out", tmp_path / "out")
    assert status == 1
    assert "3 of 12 runs failed: broken seed 0, broken seed 1, broken seed 2" in err
    assert "broken seed 1 failed: RuntimeError: no memory in <out>" in out
    assert "bad seed 2 diverged: loss is nan at step 5" in out


def test_ablate_without_workers_ends_with_a_line_and_exits_1(capsys, tmp_path, plan, monkeypatch):
    def lost(*args, **options):
        raise task_runner.Unfinished("no workers for 600 s: 6 runs are left")

    monkeypatch.setattr(task_runner, "run", lost)
    status, _, err = run(capsys, "ablate", plan, "--out", tmp_path / "out")
    assert (status, err) == (1, "srlib: no workers for 600 s: 6 runs are left; the same command goes on\n")


def test_an_interrupted_ablate_says_so_and_the_same_command_goes_on(capsys, tmp_path, plan):
    folder = tmp_path / "out" / "ablations" / "two"
    folder.mkdir(parents=True)
    (folder / "stop-bicubic").touch()
    status, _, err = run(capsys, "ablate", plan, "--out", tmp_path / "out")
    assert (status, err.splitlines()[-1]) == (130, "srlib: interrupted")
    (folder / "stop-bicubic").unlink()
    assert run(capsys, "ablate", plan, "--out", tmp_path / "out")[0] == 0
    assert (folder / "log").read_text().count("run-") == 6


@pytest.mark.parametrize(
    "before, after, names",
    [
        ("metrics", "metric", "did you mean 'metrics'?"),
        ("train_data", "train_dta", "arms.adam: unknown setting 'train_dta'"),
        ("'embedded'", "'embeded'", "arms.adam: unknown data set 'embeded'"),
        ("[arms.better]", "[arms.better]\ntrials = [{}, {}]", "trials: every arm must have as many"),
    ],
)
def test_ablate_refuses_a_bad_plan_in_one_line_that_names_the_key(capsys, tmp_path, plan, before, after, names):
    plan.write_text(plan.read_text().replace(before, after))
    status, _, err = run(capsys, "ablate", plan, "--out", tmp_path / "out")
    assert (status, one_line(err), names in err) == (2, True, True)
    assert not (tmp_path / "out" / "ablations").exists()
