"""Commands that measure networks: evaluate, robustness, faces, tables."""

import pathlib

import click

from srlib.cli import group
from srlib.errors import InputError
from srlib.machine import backend


@group.command.command()
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

    backend.import_keras()
    from srlib.evaluation import leaderboard

    leaderboard.names(only)
    for line in [] if only else leaderboard.skipped():
        click.echo(line, err=True)
    for record in leaderboard.measure_all(data_root, group.writable(out), tqdm.tqdm, only):
        click.echo(record.read("metrics")["headline"])
    if not only:
        _time_all(out)


def _time_all(out):
    """The record of every model's time."""
    backend.import_keras()
    from srlib.evaluation import leaderboard

    click.echo(leaderboard.time_all(group.writable(out)).read("metrics")["headline"])


def _evaluate_folder(model, hr, json_file):
    """One model on one folder, a line for each picture."""
    backend.import_keras()
    from srlib import files
    from srlib.data import sources
    from srlib.evaluation import protocol
    from srlib.imaging import bicubic
    from srlib.upscaling import upscaler

    photos = sources.from_folder(hr)
    enlarge = upscaler.load(model)
    rows = []

    def measure(photo):
        (own,), (other,) = (protocol.evaluate(each, [photo]) for each in (enlarge, bicubic.upscale))
        rows.append((own, other))
        click.echo(_score_line(own.image, (own.psnr, own.ssim), (other.psnr, other.ssim)))

    click.echo(f"{'image':<24}{model[-14:]:>16}{'':>8}{'bicubic':>10}{'':>8}")
    try:
        group.batch(photos, measure, noun="pictures", label=lambda photo: photo.id)
    finally:
        if rows:
            means = [protocol.mean(scores) for scores in zip(*rows)]
            click.echo(_score_line(f"mean of {len(rows)}", *means))
            click.echo(protocol.PROTOCOL)
            if json_file:
                files.write_json(json_file, protocol.report(model, *zip(*rows)))


def _score_line(name, own, bicubic):
    return f"{name[-24:]:<24}{own[0]:>13.2f} dB{own[1]:>8.4f}{bicubic[0]:>8.2f} dB{bicubic[1]:>8.4f}"


@group.command.command()
@click.option("--model", "models", multiple=True, help="Name or path of a model; again for more.")
@click.option("--data", default="faces", show_default=True, help="Data set whose test pictures are damaged.")
@click.option("--limit", type=click.IntRange(min=0), default=0, help="Only its first pictures; 0: all.")
@click.option("--data-root", help="Where the data set is; default SRLIB_DATA_ROOT.")
@click.option("--out", default="results", show_default=True, help="Where the record goes.")
def robustness(models, data, limit, data_root, out):
    """Measure models on damaged input: blur, resamplers, noise, JPEG and all of them, weak to strong."""
    import tqdm

    backend.import_keras()
    from srlib.evaluation import robustness
    from srlib.imaging import figures

    folder = group.writable(out)
    record = robustness.measure(models, data_root, folder, data, limit, progress=tqdm.tqdm)
    click.echo(figures.table(robustness.table(record.table("images")), "{:.2f}"))
    click.echo(f"{record.read('metrics')['headline']}\nrecord: {record.path}")


@group.command.command()
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

    backend.import_keras()
    from srlib.course.publishing import model_cards
    from srlib.evaluation import face_identity

    if sheet:
        click.echo(
            model_cards.face_sheet(sheet, [reference, *models], data_root, data, limit or model_cards.FACES_SHOWN)
        )
        return
    folder = group.writable(out)
    for record in face_identity.measure_models(models, data_root, folder, data, limit, reference, tqdm.tqdm):
        click.echo(f"{record.read('metrics')['headline']}\nrecord: {record.path}")


@group.command.command()
@click.option("--results", "out", default="results", show_default=True, help="Output root with the records.")
@click.option("--readme", "path", default="README.md", show_default=True, help="File whose tables are drawn anew.")
def tables(out, path):
    """Draw the tables, the README's among them, the figures and the models' cards from the run records.

    The README's table of notebooks is drawn from the notebooks, with the times of their records in the profile cpu.
    """
    backend.import_keras()
    from srlib.course.publishing import ablation_page, model_cards, readme
    from srlib.evaluation import leaderboard
    from srlib.upscaling import model_files

    readme.update(path, out)
    click.echo(f"{path}: tables drawn from the records in {out} and the notebooks")
    click.echo(leaderboard.write_measures(out))
    click.echo(ablation_page.write(out) or f"no ablations in {out}")
    for name in model_files.available():
        click.echo(model_cards.write(name, out))
    if model_files.available():
        model_cards.figure(pathlib.Path(out) / "figures" / "readme.png")
        click.echo(model_cards.crop_sheet(pathlib.Path(out) / "figures"))
