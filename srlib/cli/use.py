"""Commands that use a network: upscale, app, export, models."""

import pathlib
from collections.abc import Iterable, Sequence

import click
import tqdm

from srlib.cli import group
from srlib.errors import InputError
from srlib.machine import backend, extras

_PRECISIONS = click.Choice(["auto", "float32", "mixed_bfloat16"])


@group.command.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES…")
@click.option("-o", "--output", required=True, metavar="DIR", help="Folder for the results, DIR/<stem>.png.")
@click.option("--model", default="", help="Name of a shipped model, path, or bicubic; default: the best shipped.")
@click.option("--tile", default=512, show_default=True, help="Tile side in input pixels, 0: none; bounds the memory.")
@click.option("--precision", type=_PRECISIONS, default="auto", show_default=True, help="Arithmetic of the products.")
def upscale(files: tuple[str, ...], output: str, model: str, tile: int, precision: str) -> None:
    """Enlarge pictures four times.

    Any format, size and mode goes in; PNG comes out, grey as grey, transparency kept. A few small pictures are done
    in NumPy, in less time than Keras takes to start. The precision auto is mixed_bfloat16 where the device is made for
    it and the pictures are large, else float32.
    """
    _check_names(files, output)
    from srlib.imaging import pictures
    from srlib.upscaling import model_files, upscaler

    name = model or model_files.default()

    def bar(tiles: Sequence) -> Iterable:
        return tqdm.tqdm(tiles, unit="tile", disable=len(tiles) < 2)

    pixels = sum(map(pictures.pixels, files))
    network = upscaler.load(name, pixels=pixels, precision=precision, tile=tile, progress=bar)
    folder = group.writable(output)

    def enlarge(file: str) -> None:
        target = folder / f"{pathlib.Path(file).stem}.png"
        upscaler.file(network, file, target=target)
        click.echo(f"{target} ({name})")

    group.batch(files, enlarge, noun="pictures")


def _check_names(files: Iterable[str], output: str) -> None:
    """Refuse two inputs that would become one output, and an output that would replace an input."""
    targets: dict[pathlib.Path, str] = {}
    for file in files:
        target = (pathlib.Path(output) / f"{pathlib.Path(file).stem}.png").resolve()
        if target in targets:
            raise InputError(f"{targets[target]} and {file} would both become {target.name}: give them in two calls")
        if target == pathlib.Path(file).resolve():
            raise InputError(f"{file} would be replaced by its own enlargement: choose another output folder")
        targets[target] = file


@group.command.command()
@click.option("--port", type=click.IntRange(1024, 65535), default=8866, show_default=True)
@click.option("--no-browser", is_flag=True, help="Only serve; do not open a browser.")
@click.option("--model", "further", multiple=True, metavar="PATH", help="A model of your own to offer; again for more.")
def app(port: int, no_browser: bool, further: tuple[str, ...]) -> None:
    """Serve the demo as a page on this machine: drop a photo, compare before and after. Ctrl-C ends it.

    The page is reachable from this machine alone, and photos stay in its memory.
    """
    with extras.needed("this command", "app"):
        from srlib.course.app import server

    server.serve(port, browser=not no_browser, further=further)


@group.command.command()
@click.argument("model")
@click.option("-o", "--output", required=True, metavar="FILE", help="FILE.onnx or FILE.tflite.")
def export(model: str, output: str) -> None:
    """Write a MODEL, by name or path, as ONNX or TFLite for programs without Keras.

    The file takes uint8 pictures (batch, height, width, 3) of any height and width and gives them four times as large;
    the model's name, checksum and config are inside.
    """
    from srlib.upscaling import export

    with backend.quiet():
        export.export(model, output)
    click.echo(f"{output}: {pathlib.Path(output).stat().st_size / 1e6:.1f} MB")


@group.command.command()
def models() -> None:
    """List the models that come with srlib."""
    from srlib.upscaling import model_files

    for name in model_files.available():
        header = model_files.header(name)
        config = header["config"]
        size = f"{config['generator_blocks']} blocks of {config['generator_filters']} filters"
        click.echo(f"{name:<20}{size:<28}{header['about'].get('about', '')}")
    if not model_files.available():
        click.echo("no models are shipped; train one: srlib train tiny")
