"""The `srlib` command: 0 done, 1 some of a batch failed, 2 bad input or usage (one line on standard error)."""

import ast
import pathlib
import sys

import click

from srlib import __version__, data_commands, notebook
from srlib.errors import InputError


class SomeFailed(Exception):
    """Part of a batch failed and has been named: exit status 1."""


def main(arguments=None):
    """Run the command and exit with its status."""
    sys.exit(status(arguments))


def status(arguments=None):
    """Run the command with a list of words (None: the process' own) and return its exit status."""
    try:
        command.main(arguments, prog_name="srlib", standalone_mode=False)
    except SomeFailed as error:
        click.echo(f"srlib: {error}", err=True)
        return 1
    except InputError as error:
        click.echo(f"srlib: {_one_line(error)}", err=True)
        return 2
    except click.UsageError as error:
        where = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
        click.echo(f"srlib: {_one_line(error.format_message())}{where}", err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("srlib: interrupted", err=True)
        return 130
    return 0


def _one_line(message):
    return " ".join(str(message).split())


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(__version__)
def command():
    """Face super-resolution x4 with GANs: run the course, use its models, measure them, train them."""


@command.command()
@click.option("--profile", default="cpu", show_default=True, help="smoke, cpu, colab or full: how large the runs are.")
@click.option("--only", default="", help="Notebooks to run, by number or name: 02,05.")
@click.option("--data-root", help="Folder with coco/, faces/, benchmarks/ … or just pictures; default SRLIB_DATA_ROOT.")
@click.option("--out", help="Where results go; default SRLIB_OUT_ROOT, else ./out.")
@click.option("--seed", default=0, show_default=True, help="Seeds weights, batches and splits.")
@click.option("-p", "pairs", nargs=2, multiple=True, metavar="NAME VALUE", help="A notebook parameter or a setting.")
@click.option("--notebooks", help="Folder of the notebooks; default: those of this clone.")
def course(profile, only, data_root, out, seed, pairs, notebooks):
    """Run the notebooks, each in a fresh kernel, and write a report.

    Executed copies go to OUT/executed, run records to OUT/runs, the report to OUT/report/index.html. A notebook that
    fails leaves its traceback in its executed copy and the others still run; the exit status is then 1.
    """
    from srlib import config, course, results
    from srlib.data import sources

    config.resolve(profile, seed)
    paths = course.find(only, notebooks)
    root = sources.data_root(data_root)
    given = {"profile": profile, "seed": seed, "data_root": str(root.resolve()) if root else "", **_values(pairs)}
    given = course.arrange(paths, given)
    folder = _writable(results.output_root(out))
    outcomes = course.run(paths, given, folder)
    click.echo(f"report: {folder / 'report' / 'index.html'}")
    _finish([outcome.notebook for outcome in outcomes if outcome.status == "failed"], len(outcomes), "notebooks")


@command.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES…")
@click.option("-o", "--output", required=True, metavar="DIR", help="Folder for the results, DIR/<stem>.png.")
@click.option(
    "--model", default="", help="Name of a shipped model, path of one, or bicubic; default: the best shipped."
)
@click.option(
    "--tile", default=512, show_default=True, help="Tile side in input pixels, 0 for none: bounds the memory."
)
@click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "mixed_bfloat16"]),
    default="auto",
    show_default=True,
    help="Of the products; auto: mixed_bfloat16 where the device is made for it and the pictures are large.",
)
def upscale(files, output, model, tile, precision):
    """Enlarge pictures four times.

    Any format, size and mode goes in; PNG comes out, grey as grey, transparency kept. A few small pictures are done
    in NumPy, in less time than Keras takes to start.
    """
    import tqdm

    _check_names(files, output)
    from srlib import models, upscale

    name = model or models.default()
    prompt = precision in ("auto", "float32") and upscale.is_little(name, files)
    if not prompt:
        notebook.import_keras()
    folder = _writable(pathlib.Path(output))

    def bar(tiles):
        return tqdm.tqdm(tiles, unit="tile", disable=len(tiles) < 2)

    upscaler = upscale.load(name, tile, bar, precision, prompt)

    def enlarge(file):
        target = folder / f"{pathlib.Path(file).stem}.png"
        upscale.file(upscaler, file, target)
        click.echo(f"{target} ({name})")

    _batch(files, enlarge, "pictures")


@command.command()
@click.option("--port", type=click.IntRange(1024, 65535), default=8866, show_default=True)
@click.option("--no-browser", is_flag=True, help="Only serve; do not open a browser.")
@click.option("--model", "further", multiple=True, metavar="PATH", help="A model of your own to offer; again for more.")
def app(port, no_browser, further):
    """Serve the demo as a page on this machine: drop a photo, compare before and after. Ctrl-C ends it.

    The page is reachable from this machine alone, and photos stay in its memory.
    """
    from srlib import server

    server.serve(port, not no_browser, further)


@command.command()
@click.argument("model")
@click.option("-o", "--output", required=True, metavar="FILE", help="FILE.onnx or FILE.tflite.")
def export(model, output):
    """Write a MODEL, by name or path, as ONNX or TFLite for programs without Keras.

    The file takes uint8 pictures (batch, height, width, 3) of any height and width and gives them four times as large;
    the model's name, checksum and config are inside.
    """
    from srlib import export

    with notebook.quiet():
        export.export(model, output)
    click.echo(f"{output}: {pathlib.Path(output).stat().st_size / 1e6:.1f} MB")


@command.command()
@click.option("--model", help="Name of a shipped model, path of one, or bicubic.")
@click.option("--hr", metavar="DIR", help="Folder of high-resolution originals.")
@click.option("--json", "json_file", metavar="FILE", help="Also write the figures there.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="All shipped and published models (of --model, if given: NAME,NAME) on all test sets, as records below --out.",
)
@click.option("--times", is_flag=True, help="Only time the models that --all measures, on this machine at rest.")
@click.option("--data-root", help="With --all: where the test sets are; default SRLIB_DATA_ROOT.")
@click.option("--out", default="results", show_default=True, help="With --all: where the records go.")
def evaluate(model, hr, json_file, everything, times, data_root, out):
    """Measure a model on a folder of originals: PSNR and SSIM on luma, bicubic beside it, image by image."""
    if everything:
        return _evaluate_all(data_root, out, model or "")
    if times:
        return _time_all(out)
    if not model or not hr:
        raise InputError("evaluate needs --model and --hr, or --all, or --times")
    return _evaluate_folder(model, hr, json_file)


def _evaluate_all(data_root, out, only):
    """Records of bicubic, all shipped models and the published ones that are installed."""
    import tqdm

    notebook.import_keras()
    from srlib import leaderboard

    leaderboard.names(only)
    for line in [] if only else leaderboard.skipped():
        click.echo(line, err=True)
    for record in leaderboard.measure_all(data_root, _writable(pathlib.Path(out)), tqdm.tqdm, only):
        click.echo(record.read("metrics")["headline"])
    if not only:
        _time_all(out)


def _time_all(out):
    """The record of every model's time."""
    notebook.import_keras()
    from srlib import leaderboard

    click.echo(leaderboard.time_all(_writable(pathlib.Path(out))).read("metrics")["headline"])


def _evaluate_folder(model, hr, json_file):
    """One model on one folder, a line for each picture."""
    notebook.import_keras()
    from srlib import evaluate, files, resize, upscale
    from srlib.data import sources

    photos = sources.from_folder(hr)
    upscaler = upscale.load(model)
    rows = []

    def measure(photo):
        (own,), (bicubic,) = (evaluate.evaluate(each, [photo]) for each in (upscaler, resize.upscale))
        rows.append((own, bicubic))
        click.echo(_score_line(own.image, (own.psnr, own.ssim), (bicubic.psnr, bicubic.ssim)))

    click.echo(f"{'image':<24}{model[-14:]:>16}{'':>8}{'bicubic':>10}{'':>8}")
    try:
        _batch(photos, measure, "pictures", lambda photo: photo.id)
    finally:
        if rows:
            means = [evaluate.mean(scores) for scores in zip(*rows)]
            click.echo(_score_line(f"mean of {len(rows)}", *means))
            click.echo(evaluate.PROTOCOL)
            if json_file:
                files.write_json(json_file, evaluate.report(model, *zip(*rows)))


@command.command()
@click.option("--model", "models", multiple=True, help="Name or path of a model; again for more.")
@click.option("--data", default="faces", show_default=True, help="Data set whose test pictures are damaged.")
@click.option("--limit", type=click.IntRange(min=0), default=0, help="Only its first pictures; 0: all.")
@click.option("--data-root", help="Where the data set is; default SRLIB_DATA_ROOT.")
@click.option("--out", default="results", show_default=True, help="Where the record goes.")
def robustness(models, data, limit, data_root, out):
    """Measure models on damaged input: blur, resamplers, noise, JPEG and all of them, weak to strong."""
    import tqdm

    notebook.import_keras()
    from srlib import robustness, viz

    folder = _writable(pathlib.Path(out))
    record = robustness.measure(models, data_root, folder, data, limit, progress=tqdm.tqdm)
    click.echo(viz.table(robustness.table(record.table("images")), "{:.2f}"))
    click.echo(f"{record.read('metrics')['headline']}\nrecord: {record.path}")


@command.command()
@click.option("--model", "models", multiple=True, help="Name or path of a model; again for more.")
@click.option("--data", default="faces", show_default=True, help="Data set whose test pictures are measured.")
@click.option("--limit", type=click.IntRange(min=0), default=0, help="Only its first pictures; 0: all.")
@click.option("--reference", default="bicubic", show_default=True, help="Model to compare with, image by image.")
@click.option("--sheet", metavar="FILE", help="Only draw 24 of the faces by every model into this PNG, not to publish.")
@click.option("--data-root", help="Where the data set is; default SRLIB_DATA_ROOT.")
@click.option("--out", default="results", show_default=True, help="Where the records go.")
def faces(models, data, limit, reference, sheet, data_root, out):
    """Measure what models make of faces: how far they lie from the person's, eyes, mouth, and PSNR and SSIM.

    Writes a record for bicubic, the reference and each model, with every image, 95% intervals, paired differences and
    thirds of the set by light and size. Needs pip install 'srlib[identity]'. Nobody may be identified with it.
    """
    import tqdm

    notebook.import_keras()
    from srlib import cards, face_measures

    if sheet:
        click.echo(cards.face_sheet(sheet, [reference, *models], data_root, data, limit or cards.FACES_SHOWN))
        return
    folder = _writable(pathlib.Path(out))
    for record in face_measures.measure_models(models, data_root, folder, data, limit, reference, tqdm.tqdm):
        click.echo(f"{record.read('metrics')['headline']}\nrecord: {record.path}")


@command.command()
@click.argument("recipe")
@click.option("--data-root", help="Folder with coco/, faces/, benchmarks/ …; default SRLIB_DATA_ROOT.")
@click.option("--out", help="Where checkpoints, model and record go; default SRLIB_OUT_ROOT, else ./out.")
@click.option("--seed", default=0, show_default=True)
@click.option("--start", help="Model to start from, by name or path, instead of the recipe's own.")
@click.option("-p", "pairs", nargs=2, multiple=True, metavar="NAME VALUE", help="A setting over the recipe's.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted run.")
@click.option("--minutes", default=3.0, show_default=True, help="Time between two checkpoints.")
@click.option("--deterministic", is_flag=True, help="The same bits at every run on this kind of machine; slower.")
@click.option(
    "--devices", default="none", show_default=True, help="none, mirrored, workers or jax: what shares out each batch."
)
def train(recipe, data_root, out, seed, start, pairs, resume, minutes, deterministic, devices):
    """Train a RECIPE: data to model file and run record. `srlib train list` names the recipes.

    Checkpoints are written as it goes, and on SIGTERM; after an interruption, the same command with --resume goes on.
    With --devices, each batch is shared out among this machine's GPUs (mirrored; jax under KERAS_BACKEND=jax) or the
    machines that TF_CONFIG lists (workers), which share --data-root and --out; losses and files are as of one device.
    """
    notebook.import_keras(compute=devices == "none")
    from srlib import precision, recipes

    if recipe == "list":
        for name, each in recipes.RECIPES.items():
            click.echo(f"{name:<23}{each.about}")
        return
    if deterministic:
        precision.make_deterministic()
    path, record = recipes.train(recipe, data_root, out, seed, _values(pairs), start, resume, minutes, devices)
    if record:
        click.echo(record.read("metrics")["headline"])
        click.echo(f"model: {path}\nrecord: {record.path}")
    else:
        click.echo("trained; the first worker writes the model and the record")


@command.command()
@click.argument("plan")
@click.option("--profile", help="Instead of the plan's own: smoke, cpu, colab or full.")
@click.option("--data-root", help="Folder with coco/, faces/, benchmarks/ …; default SRLIB_DATA_ROOT.")
@click.option("--out", help="Where trainings and record go; default SRLIB_OUT_ROOT, else ./out.")
@click.option("--workers", type=click.IntRange(min=0), default=0, help="Processes to train in; 0: this one.")
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler whose workers train: tcp://host:8786.")
def ablate(plan, profile, data_root, out, workers, scheduler):
    """Compare the arms of a PLAN, a TOML file or list, which names those shipped: trainings, scores, verdicts by rule.

    A training that is finished is never repeated; after any interruption the same command goes on where it stopped.
    Workers on other machines must see --out and --data-root under the same names.
    """
    from srlib import plans, results, sweep

    if plan == "list":
        for name in plans.available():
            click.echo(f"{name:<28}{plans.load(name).about}")
        return
    notebook.import_keras()
    from srlib import ablation

    loaded = plans.load(plan, **({"profile": profile} if profile else {}))
    folder = _writable(results.output_root(out))
    try:
        record = ablation.run(loaded, folder, data_root, workers, scheduler)
    except sweep.Unfinished as error:
        raise SomeFailed(f"{error}; the same command goes on") from error
    _report_ablation(record, len(loaded.arms) * len(loaded.seeds))


def _report_ablation(record, planned):
    """Print what an ablation found; SomeFailed names the runs that did not come to an end."""
    from srlib import findings

    for row in record.table("comparisons"):
        click.echo(row["verdict"])
    for sentence in findings.at_the_edge(record.table("trials")):
        click.echo(sentence)
    runs = [row for row in record.table("runs") if row["status"] != "done"]
    for row in (*runs, *(row for row in record.table("trials") if row["status"] == "failed")):
        which = f"seed {row['seed']:.0f}" if "seed" in row else f"trial {row['trial']:.0f}"
        click.echo(f"{row['arm']} {which} {row['status']}: {row['reason']}")
    click.echo(f"record: {record.path}")
    _finish([f"{row['arm']} seed {row['seed']:.0f}" for row in runs if row["status"] == "failed"], planned, "runs")


@command.command()
def models():
    """List the models that come with srlib."""
    from srlib import models

    for name in models.available():
        header = models.header(name)
        config = header["config"]
        size = f"{config['generator_blocks']} blocks of {config['generator_filters']} filters"
        click.echo(f"{name:<20}{size:<28}{header['about'].get('about', '')}")
    if not models.available():
        click.echo("no models are shipped; train one: srlib train tiny")


@command.command()
@click.option("--results", "out", default="results", show_default=True, help="Output root with the records.")
@click.option("--readme", "path", default="README.md", show_default=True, help="File whose tables are drawn anew.")
def tables(out, path):
    """Draw the tables, the README's among them, the figures and the models' cards from the run records.

    The README's table of notebooks is drawn from the notebooks, with the times of their records in the profile cpu.
    """
    notebook.import_keras()
    from srlib import cards, leaderboard, models, readme, verdicts

    readme.update(path, out)
    click.echo(f"{path}: tables drawn from the records in {out} and the notebooks")
    click.echo(leaderboard.write_measures(out))
    click.echo(verdicts.write(out) or f"no ablations in {out}")
    for name in models.available():
        click.echo(cards.write(name, out))
    if models.available():
        cards.figure(pathlib.Path(out) / "figures" / "readme.png")
        click.echo(cards.crop_sheet(pathlib.Path(out) / "figures"))


@command.command()
@click.option("--only", default="", help="Cases to run: training,adversarial …; default: all.")
@click.option("--rounds", default=9, show_default=True, help="Turns that each side of a case takes.")
@click.option("--folder", default="benchmarks", show_default=True, help="Folder of the cases, in a clone.")
def bench(only, rounds, folder):
    """Time every case beside its peers and draw the table in benchmarks/README.md.

    On a machine that does nothing else. Each case writes its rows with machine, versions and commit as it ends.
    """
    notebook.import_keras()
    from srlib import bench, config

    folder = pathlib.Path(folder)
    path = folder / "results" / "bench.json"
    for name, rows in bench.run(folder, [word for word in only.split(",") if word], rounds):
        bench.record(path, name, rows)
        for row in rows:
            click.echo(f"{row['case']:<40} {row['ratio']:6.2f}  {row['peer']}")
    bench.update(folder / "README.md", path, config.Config())


@command.command()
@click.option("--notebooks", help="Folder of the teacher's notebooks; default: those of this clone.")
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 if something would change.")
def student(notebooks, check):
    """Strip the notebooks of outputs and make the student edition, without solutions, from them.

    The copies in notebooks/student are never edited; a commit hook runs this. Badges and setup cells get the
    repository's address from pyproject.toml (project.urls.Repository), the one place to change it.
    """
    from srlib import student

    changed = student.stale(notebooks) if check else student.write(notebooks)
    for path in changed:
        click.echo(path)
    if check and changed:
        raise SomeFailed(f"{len(changed)} notebooks are not up to date: run srlib student")


@command.command()
@click.option("--out", help="Where the course ran; default SRLIB_OUT_ROOT, else ./out.")
@click.option("--folder", default="results", show_default=True, help="Where executed/ and runs/ are written.")
def keep(out, folder):
    """Keep the executed notebooks and their run records in results/, for readers on the web.

    Figures lose colours and size until a notebook has 1.5 MB at most. For a run without a data root.
    """
    from srlib import kept, results

    for path in kept.keep(results.output_root(out), _writable(pathlib.Path(folder))):
        click.echo(path)


@command.command()
@click.option(
    "--executed", metavar="DIR", help="Folder of executed notebooks; default: results/executed, else out/executed."
)
@click.option("-o", "--output", default="out/site", show_default=True, metavar="DIR", help="Folder of the site.")
def site(executed, output):
    """Make a static site of the executed notebooks, which `srlib course` leaves in OUT/executed.

    It needs no server, no network and no script: open DIR/index.html.
    """
    from srlib import course, results, site

    kept = results.KEPT / "executed"
    executed = executed or (kept if kept.is_dir() else results.output_root() / "executed")
    for path in site.build(executed, _writable(pathlib.Path(output)), course.NOTEBOOKS.parent):
        click.echo(path)


@command.command()
@click.argument("folder", metavar="DIR")
@click.option("--out", metavar="FILE", help="The table, as CSV; default: DIR/marks.csv.")
@click.option("--notebooks", help="Folder of the teacher's notebooks; default: those of this clone.")
@click.option("--profile", default="smoke", show_default=True, help="How large the teacher's cells run.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Submissions at a time.")
@click.option("--seconds", type=click.IntRange(min=1), default=60, show_default=True, help="Time an answer may take.")
@click.option("--minutes", type=click.FloatRange(min=0.1), default=15, show_default=True, help="Time of a notebook.")
@click.option(
    "--memory", type=click.FloatRange(min=0.5), default=8, show_default=True, help="GiB a submission may use."
)
def grade(folder, out, notebooks, profile, workers, seconds, minutes, memory):
    """Mark the notebooks in DIR: DIR/<student>.ipynb, or DIR/<student>/<any name>.ipynb.

    The answers are put into the teacher's own notebook and run there, each submission by itself, in a folder that is
    thrown away. One that hangs, floods, crashes or reaches outside its folder is a row of the table like any other.
    TEACHING.md says what this holds back and what it does not.
    """
    from srlib import config, grade

    config.resolve(profile, 0)
    found, marks = grade.submissions(folder), []
    target = pathlib.Path(out) if out else pathlib.Path(folder) / "marks.csv"
    limits = grade.Limits(seconds, minutes, int(memory * 2**30))
    grade.write(target, marks)
    for rows in grade.grade(found, grade.teachers(notebooks), limits, profile, workers):
        click.echo(grade.summary(rows))
        marks += rows
        grade.write(target, marks)
    click.echo(f"marks: {target}")
    _finish(
        [f"{each.student}/{each.file}" for each in marks if each.verdict == "unreadable"], len(found), "submissions"
    )


command.add_command(data_commands.data)


def _values(pairs):
    """NAME VALUE pairs as a dict; a value is a Python literal where it reads as one, else the word itself."""
    return {name: _literal(word) for name, word in pairs}


def _literal(word):
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError):
        return word


def _writable(folder):
    """The folder, made if need be; InputError if nothing can be written there."""
    from srlib import files

    if folder.exists() and not folder.is_dir():
        raise InputError(f"cannot write to {folder}: it is a file, not a folder")
    with files.replacing(folder / ".srlib-writable") as beside:
        beside.touch()
    (folder / ".srlib-writable").unlink()
    return folder


def _check_names(files, output):
    """Refuse two inputs that would become one output, and an output that would replace an input."""
    targets = {}
    for file in files:
        target = (pathlib.Path(output) / f"{pathlib.Path(file).stem}.png").resolve()
        if target in targets:
            raise InputError(f"{targets[target]} and {file} would both become {target.name}: give them in two calls")
        if target == pathlib.Path(file).resolve():
            raise InputError(f"{file} would be replaced by its own enlargement: choose another output folder")
        targets[target] = file


def _batch(items, work, noun, label=str):
    """Do `work` for each item; past a bad one go on, name it, and fail at the end. A lone bad item is bad input."""
    bad = []
    for item in items:
        try:
            work(item)
        except InputError as error:
            if len(items) == 1:
                raise
            click.echo(f"srlib: {_one_line(error)}", err=True)
            bad.append(label(item))
    _finish(bad, len(items), noun)


def _finish(bad, count, noun):
    if bad:
        raise SomeFailed(f"{len(bad)} of {count} {noun} failed: {', '.join(bad)}")


def _score_line(name, own, bicubic):
    return f"{name[-24:]:<24}{own[0]:>13.2f} dB{own[1]:>8.4f}{bicubic[0]:>8.2f} dB{bicubic[1]:>8.4f}"


if __name__ == "__main__":
    main()
