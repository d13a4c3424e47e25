"""`srlib data`: list, fetch, import and check data sets from the command line."""

import pathlib
import sys

import click

from srlib.cli import group

_ROOT = click.option("--data-root", metavar="DIR", help="Of all sets; default SRLIB_DATA_ROOT, else the user's cache.")
_QUIET = click.option("--quiet", is_flag=True, help="Show no progress bars.")


@group.command.group()
def data() -> None:
    """Get, import and verify data sets.

    Each set has a card in data/README.md: what it shows, its licence, whose faces it holds, how to cite it.
    """


@data.command("list")
@_ROOT
def list_sets(data_root: str | None) -> None:
    """Show the data sets, their sizes, and which are here."""
    from srlib.data import catalogue, sources
    from srlib.data.download import library

    root = library.library_root(data_root)
    for name, known in catalogue.DATA_SETS.items():
        here = "here" if sources.has(name, root) else ""
        size = catalogue.size_text(known.size)
        click.echo(f"{name:<16} {known.images:>8,} images {size:>8}  {here:<4}  {known.title}")


@data.command("fetch")
@click.argument("name")
@click.option("--subset", type=click.IntRange(min=1), help="Fetch this many training pictures, a tenth to test on.")
@click.option("--seed", default=0, show_default=True, help="Draws the subset; the same seed gives the same pictures.")
@click.option("--source", metavar="URL", help="A server that stands in for the data set's own.")
@_ROOT
@_QUIET
def fetch_set(name: str, subset: int | None, seed: int, source: str | None, data_root: str | None, quiet: bool) -> None:
    """Download the data set NAME; run again after an interruption, it goes on where it stopped.

    \b
    Examples:
      srlib data fetch coco --subset 2000
      srlib data fetch set5
    """
    from srlib.data.download import library

    path = library.fetch_set(name, data_root, subset=subset, seed=seed, server=source, progress=not quiet)
    _report(path, library.library_root(data_root))


@data.command("import")
@click.argument("folder", metavar="DIR")
@click.argument("name")
@_ROOT
@_QUIET
def import_folder(folder: str, name: str, data_root: str | None, quiet: bool) -> None:
    """Take the data set NAME from the folder DIR, where you have it already.

    The pictures are copied below the data root. A set with several splits needs subfolders named as in data/README.md.
    """
    from srlib.data.download import library

    path = library.import_folder(folder, name, root=data_root, progress=not quiet)
    _report(path, library.library_root(data_root))


def _report(path: pathlib.Path, root: pathlib.Path) -> None:
    """Say where the pictures are, and how other commands find them."""
    click.echo(f"{path}: written; the pictures are below {root} (for other commands: export SRLIB_DATA_ROOT={root})")


@data.command("check")
@click.argument("name")
@_ROOT
def check(name: str, data_root: str | None) -> None:
    """Verify the data set NAME, or the folder NAME (a data root: all that it holds).

    Names pictures that are missing, altered, unreadable, too small, or there twice, also rescaled, cropped or mirrored
    in another split, and says what to do. Exits 1 if there are any.
    """
    from srlib.data.download import library

    problems = library.check(name, data_root)
    for problem in problems:
        click.echo(str(problem))
    click.echo(f"{name}: {len(problems)} problem(s)" if problems else f"{name}: all is well")
    sys.exit(1 if problems else 0)
