"""Commands of the course: course, student, keep, site, grade."""

import pathlib
from typing import Any

import click

from srlib import config, records
from srlib.cli import group
from srlib.machine import extras


@group.command.command()
@click.option("--profile", default="cpu", show_default=True, help="smoke, cpu, colab or full: how large the runs are.")
@click.option("--only", default="", help="Notebooks to run, by number or name: 02,05.")
@click.option("--data-root", help="Folder with coco/, faces/, benchmarks/ … or just pictures; default SRLIB_DATA_ROOT.")
@click.option("--out", help="Where results go; default SRLIB_OUT_ROOT, else ./out.")
@click.option("--seed", default=0, show_default=True, help="Seeds weights, batches and splits.")
@click.option("-p", "pairs", nargs=2, multiple=True, metavar="NAME VALUE", help="A notebook parameter or a setting.")
@click.option("--notebooks", help="Folder of the notebooks; default: those of this clone.")
def course(
    only: str, out: str | None, notebooks: str | None, data_root: str | None, pairs: group.Pairs, **given: Any
) -> None:
    """Run the notebooks, each in a fresh kernel, and write a report.

    Executed copies go to OUT/executed, run records to OUT/runs, the report to OUT/report/index.html. A notebook that
    fails leaves its traceback in its executed copy and the others still run; the exit status is then 1.
    """
    with extras.needed("this command", "course"):
        from srlib.course import runner
    from srlib.data import sources

    config.resolve(**given)
    paths = runner.find(only, notebooks)
    root = sources.data_root(data_root)
    given["data_root"] = str(root.resolve()) if root else ""
    given = runner.arrange(paths, {**given, **group.values(pairs)})
    folder = group.writable(records.output_root(out))
    runs = runner.run(paths, given, out=folder)
    click.echo(f"report: {folder / 'report' / 'index.html'}")
    failed = [run.notebook for run in runs if run.status == "failed"]
    group.finish(failed, len(runs), noun="notebooks")


@group.command.command()
@click.option("--notebooks", help="Folder of the teacher's notebooks; default: those of this clone.")
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 if something would change.")
def student(notebooks: str | None, check: bool) -> None:
    """Strip the notebooks of outputs and make the student edition, without solutions, from them.

    The copies in notebooks/student are never edited; a commit hook runs this. Badges and setup cells get the
    repository's address from pyproject.toml (project.urls.Repository), the one place to change it.
    """
    with extras.needed("this command", "course"):
        from srlib.course import student_edition

    changed = student_edition.stale(notebooks) if check else student_edition.write(notebooks)
    for path in changed:
        click.echo(path)
    if check and changed:
        raise group.SomeFailed(f"{len(changed)} notebooks are not up to date: run srlib student")


@group.command.command()
@click.option("--out", help="Where the course ran; default SRLIB_OUT_ROOT, else ./out.")
@click.option("--folder", default="results", show_default=True, help="Where executed/ and runs/ are written.")
def keep(out: str | None, folder: str) -> None:
    """Keep the executed notebooks and their run records in results/, for readers on the web.

    Figures lose colours and size until a notebook has 1.5 MB at most. For a run without a data root.
    """
    with extras.needed("this command", "course"):
        from srlib.course.publishing import executed_notebooks

    for path in executed_notebooks.keep(records.output_root(out), group.writable(folder)):
        click.echo(path)


@group.command.command()
@click.option("--executed", metavar="DIR", help="Executed notebooks; default: results/executed, else out/executed.")
@click.option("-o", "--output", default="out/site", show_default=True, metavar="DIR", help="Folder of the site.")
def site(executed: str | None, output: str) -> None:
    """Make a static site of the executed notebooks, which `srlib course` leaves in OUT/executed.

    It needs no server, no network and no script: open DIR/index.html.
    """
    with extras.needed("this command", "course", "site"):
        from srlib.course import runner
        from srlib.course.publishing import site

    kept = records.KEPT / "executed"
    folder = executed or (kept if kept.is_dir() else records.output_root() / "executed")
    for path in site.build(folder, group.writable(output), root=runner.NOTEBOOKS.parent):
        click.echo(path)


@group.command.command()
@click.argument("folder", metavar="DIR")
@click.option("--out", metavar="FILE", help="The table, as CSV; default: DIR/marks.csv.")
@click.option("--notebooks", help="Folder of the teacher's notebooks; default: those of this clone.")
@click.option("--profile", default="smoke", show_default=True, help="How large the teacher's cells run.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Submissions at a time.")
@click.option("--seconds", type=click.IntRange(min=1), default=60, show_default=True, help="Time an answer may take.")
@click.option("--minutes", type=click.FloatRange(min=0.1), default=15, show_default=True, help="Time of a notebook.")
@click.option("--memory", type=click.FloatRange(min=0.5), default=8, show_default=True, help="GiB of a submission.")
def grade(
    folder: str, out: str | None, notebooks: str | None, profile: str, workers: int, **limits: int | float
) -> None:
    """Mark the notebooks in DIR: DIR/<student>.ipynb, or DIR/<student>/<any name>.ipynb.

    The answers are put into the teacher's own notebook and run there, each submission by itself, in a folder that is
    thrown away. One that hangs, floods, crashes or reaches outside its folder is a row of the table like any other.
    TEACHING.md says what this holds back and what it does not.
    """
    with extras.needed("this command", "course"):
        from srlib.course.grading import grader

    config.resolve(profile, 0)
    found, marks = grader.submissions(folder), []
    target = pathlib.Path(out) if out else pathlib.Path(folder) / "marks.csv"
    within = grader.Limits(**limits | {"memory": int(limits["memory"] * 2**30)})
    grader.write(target, marks)
    teachers = grader.teacher_notebooks(notebooks)
    for rows in grader.grade(found, teachers, limits=within, profile=profile, workers=workers):
        click.echo(grader.summary(rows))
        marks += rows
        grader.write(target, marks)
    click.echo(f"marks: {target}")
    unreadable = [f"{each.student}/{each.file}" for each in marks if each.verdict == "unreadable"]
    group.finish(unreadable, len(found), noun="submissions")
