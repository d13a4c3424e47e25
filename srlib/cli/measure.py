"""Commands that measure networks: evaluate, robustness, faces, tables."""

import dataclasses
import pathlib

import click

from srlib import files
from srlib.cli import group
from srlib.errors import InputError
from srlib.machine import backend, extras


@dataclasses.dataclass(frozen=True)
class TestSet:
    """Options that say what is measured on: a data set, the number of its first test pictures, and where it is."""

    data: str
    limit: int
    data_root: str | None


@group.command.command()
@click.option("--model", help="Name of a shipped model, path of one, or bicubic.")
@click.option("--hr", metavar="DIR", help="Folder of high-resolution originals.")
@click.option("--json", "json_file", metavar="FILE", help="Also write the figures there.")
@click.option("--all", "wanted", flag_value="all", help="All models, or --model NAME,NAME, on all test sets: records.")
@click.option("--times", "wanted", flag_value="times", help="Only time the models of --all, on this machine at rest.")
@click.option("--data-root", help="With --all: where the test sets are; default SRLIB_DATA_ROOT.")
@click.option("--out", default="results", show_default=True, help="With --all: where the records go.")
def evaluate(
    model: str | None, hr: str | None, json_file: str | None, wanted: str | None, data_root: str | None, out: str
) -> None:
    """Measure a model on a folder of originals: PSNR and SSIM on luma, bicubic beside it, image by image.

    With --all, the shipped models, the published ones that are installed, and the time that each takes; the records go
    below --out.
    """
    if not wanted and not (model and hr):
        raise InputError("evaluate needs --model and --hr, or --all, or --times")
    backend.import_keras()
    from srlib.evaluation import leaderboard

    if not wanted:
        return _evaluate_folder(model, hr, json_file)
    if wanted == "all":
        leaderboard.names(model or "")
        for line in [] if model else leaderboard.skipped():
            click.echo(line, err=True)
        for record in leaderboard.measure_all(data_root, group.writable(out), only=model or ""):
            click.echo(record.read("metrics")["headline"])
    if wanted == "times" or not model:
        click.echo(leaderboard.time_all(group.writable(out)).read("metrics")["headline"])
    return None


def _evaluate_folder(model: str, hr: str, json_file: str | None) -> None:
    """One model on one folder, a line for each picture."""
    from srlib.data import sources
    from srlib.evaluation import protocol
    from srlib.imaging import bicubic
    from srlib.upscaling import upscaler

    photos = sources.from_folder(hr)
    enlarge = upscaler.load(model)
    rows = []

    def measure(photo: sources.Photo) -> None:
        (own,), (other,) = (protocol.evaluate(each, [photo]) for each in (enlarge, bicubic.upscale))
        rows.append((own, other))
        click.echo(_score_line(own.image, (own.psnr, own.ssim), (other.psnr, other.ssim)))

    click.echo(f"{'image':<24}{model[-14:]:>16}{'':>8}{'bicubic':>10}{'':>8}")
    try:
        group.batch(list(photos), measure, noun="pictures", label=lambda photo: photo.id)
    finally:
        if rows:
            own, other = zip(*rows)
            click.echo(_score_line(f"mean of {len(rows)}", protocol.mean(own), protocol.mean(other)))
            click.echo(protocol.PROTOCOL)
            if json_file:
                files.write_json(json_file, protocol.report(model, own, bicubic=other))


def _score_line(name: str, own: tuple[float, float], bicubic: tuple[float, float]) -> str:
    return f"{name[-24:]:<24}{own[0]:>13.2f} dB{own[1]:>8.4f}{bicubic[0]:>8.2f} dB{bicubic[1]:>8.4f}"


@group.command.command()
@click.option("--model", "models", multiple=True, help="Name or path of a model; again for more.")
@click.option("--data", default="faces", show_default=True, help="Data set whose test pictures are damaged.")
@click.option("--limit", type=click.IntRange(min=0), default=0, help="Only its first pictures; 0: all.")
@click.option("--data-root", help="Where the data set is; default SRLIB_DATA_ROOT.")
@click.option("--out", default="results", show_default=True, help="Where the record goes.")
def robustness(models: tuple[str, ...], data: str, limit: int, data_root: str | None, out: str) -> None:
    """Measure models on damaged input: blur, resamplers, noise, JPEG and all of them, weak to strong."""
    backend.import_keras()
    from srlib.data import sources
    from srlib.evaluation import robustness
    from srlib.imaging import figures

    folder, image_set = group.writable(out), sources.load(data, "test", root=data_root)
    record = robustness.measure(models, image_set, limit=limit, out=folder)
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
@group.gathered(TestSet)
def faces(options: TestSet, models: tuple[str, ...], reference: str, sheet: str | None, out: str) -> None:
    """Measure what models make of faces: how far they lie from the person's, eyes, mouth, and PSNR and SSIM.

    Writes a record for bicubic, the reference and each model, with every image, 95% intervals, paired differences and
    thirds of the set by light and size. Needs the packages of the extra `identity`. Nobody may be identified with it.
    """
    backend.import_keras()
    from srlib.data import sources
    from srlib.evaluation import face_identity

    if sheet:
        from srlib.course.publishing import crop_sheets

        count, shown = options.limit or crop_sheets.FACES_SHOWN, [reference, *models]
        click.echo(crop_sheets.face_sheet(sheet, shown, root=options.data_root, data=options.data, count=count))
        return
    image_set = sources.load(options.data, "test", root=options.data_root).limit(options.limit)
    folder = group.writable(out)
    for record in face_identity.measure_models(models, image_set, reference=reference, out=folder):
        click.echo(f"{record.read('metrics')['headline']}\nrecord: {record.path}")


@group.command.command()
@click.option("--results", "out", default="results", show_default=True, help="Output root with the records.")
@click.option("--readme", "path", default="README.md", show_default=True, help="File whose tables are drawn anew.")
def tables(out: str, path: str) -> None:
    """Draw the tables, the README's among them, the figures and the models' cards from the run records.

    The README's table of notebooks is drawn from the notebooks, with the times of their records in the profile cpu.
    """
    backend.import_keras()
    with extras.needed("this command", "course"):
        from srlib.course.publishing import ablation_page, model_cards, readme, recipe_headers, score_tables
    from srlib.course.publishing import crop_sheets
    from srlib.upscaling import model_files

    readme.update(path, out)
    click.echo(f"{path}: tables drawn from the records in {out} and the notebooks")
    click.echo(score_tables.write_measures(out))
    click.echo(ablation_page.write(out) or f"no ablations in {out}")
    for recipe in recipe_headers.write(out):
        click.echo(recipe)
    for name in model_files.available():
        click.echo(model_cards.write(name, out))
    if model_files.available():
        crop_sheets.readme_figure(pathlib.Path(out) / "figures" / "readme.png")
        click.echo(crop_sheets.crop_sheet(pathlib.Path(out) / "figures"))
