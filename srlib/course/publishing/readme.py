"""The README's generated parts: the tables of results, and that of the notebooks."""

from srlib import files, records
from srlib.course import runner
from srlib.course.publishing import colab_badges
from srlib.evaluation import leaderboard
from srlib.imaging import figures
from srlib.machine import environment

PROFILE = "cpu"  # whose records tell the time: it runs on every machine


def update(path, out="results", folder=None):
    """Draw all tables anew between their markers in a Markdown file.

    Args:
        path: of the file.
        out: output root with the records.
        folder: of the notebooks; None for those of this clone.
    Raises:
        InputError: no such file, a missing marker, or no records or notebooks; the file is then as it was.
    """
    tables = {"results": leaderboard.table(out), "quoted": leaderboard.quoted(out), "notebooks": notebooks(out, folder)}
    files.replace_parts(path, tables)


def notebooks(out="results", folder=None):
    """Each notebook's title, Colab badge, time and question, as a Markdown table of links from the folder above.

    Args:
        out: output root with the records <notebook>-cpu-0; one that is missing or tells no seconds leaves a dash.
        folder: of the notebooks; None for those of this clone.
    Returns:
        str; below the table, the machines that the times were taken on.
    Raises:
        InputError: there are no notebooks.
    """
    paths = runner.find("", folder)
    address = colab_badges.address(paths[0].parent.parent)
    environments = [_environment(out, path.stem) for path in paths]
    return figures.table([_row(*each, address) for each in zip(paths, environments)]) + _machines(environments)


def _environment(out, stem):
    """The environment of a notebook's record, {} where there is none."""
    record = records.recorded(f"{stem}-{PROFILE}-0", out)
    return record.read("environment") if record else {}


def _row(path, environment, address):
    """One line of the table."""
    title, question = runner.head(path)
    return {
        "notebook": f"[{title}](notebooks/{path.name})",
        "run it": colab_badges.badge(address, path.name) if address else "–",
        "time": duration(environment.get("notebook_seconds")),
        "question": question,
    }


def duration(seconds):
    """Seconds (float) in words for a table: in minutes from one minute on; a dash for None."""
    if seconds is None:
        return "–"
    return f"{seconds:.0f} s" if seconds < 59.5 else f"{seconds / 60:.0f} min"


def _machines(environments):
    """A sentence on the machines that the times were taken on; nothing where no time is told."""
    timed = [told for told in environments if "notebook_seconds" in told]
    machines = sorted({environment.hardware(told) for told in timed})
    return f"\n\nTime: the whole notebook in the profile `{PROFILE}`, on {'; '.join(machines)}." if timed else ""
