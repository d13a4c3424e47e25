"""`srlib data`: list, fetch, import and check data sets from the command line."""

import sys

import click

from srlib.cli import group

_ROOT = click.option(
    "--data-root", metavar="DIR", help="Where data sets are kept (default: SRLIB_DATA_ROOT, else the user's cache)."
)
_QUIET = click.option("--quiet", is_flag=True, help="Show no progress bars.")


@group.command.group()
def data():
    """Get, import and verify data sets.

    Each set has a card in data/README.md: what it shows, its licence, whose faces it holds, how to cite it.
    """


@data.command("list")
@_ROOT
def list_sets(data_root):
    """Show the data sets, their sizes, and which are here."""
    from srlib.data import catalogue
    from srlib.data.download import library

    for row in library.listing(data_root):
        size = catalogue.size_text(row["size"])
        here = "here" if row["here"] else ""
        click.echo(f"{row['name']:<16} {row['images']:>8,} images {size:>8}  {here:<4}  {row['title']}")


@data.command("fetch")
@click.argument("name")
@click.option("--subset", type=click.IntRange(min=1), help="Fetch this many training pictures, a tenth to test on.")
@click.option("--seed", default=0, show_default=True, help="Draws the subset; the same seed gives the same pictures.")
@click.option("--source", metavar="URL", help="A server that stands in for the data set's own.")
@_ROOT
@_QUIET
def fetch_set(name, subset, seed, source, data_root, quiet):
    """Download the data set NAME; run again after an interruption, it goes on where it stopped.

    \b
    Examples:
      srlib data fetch coco --subset 2000
      srlib data fetch set5
    """
    from srlib.data.download import library

    path = library.fetch_set(name, data_root, subset, seed, source, not quiet)
    _report(path, data_root)


@data.command("import")
@click.argument("folder", metavar="DIR")
@click.argument("name")
@_ROOT
@_QUIET
def import_folder(folder, name, data_root, quiet):
    """Take the data set NAME from the folder DIR, where you have it already.

    The pictures are copied below the data root. A set with several splits needs subfolders named as in data/README.md.
    """
    from srlib.data.download import library

    _report(library.import_folder(folder, name, data_root, not quiet), data_root)


def _report(path, data_root):
    """Say where the pictures are, and how other commands find them."""
    from srlib.data.download import library

    root = library.library_root(data_root)
    click.echo(f"{path}: written; the pictures are below {root} (for other commands: export SRLIB_DATA_ROOT={root})")


@data.command("check")
@click.argument("name")
@_ROOT
def check(name, data_root):
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
