"""Commands that train networks: train, ablate."""

import dataclasses

import click

from srlib import records
from srlib.cli import group
from srlib.machine import backend


@dataclasses.dataclass(frozen=True)
class Run:
    """Options of `train` that say where and how it runs, not what is trained."""

    data_root: str | None
    out: str | None
    resume: bool
    checkpoint_minutes: float
    devices: str


@group.command.command()
@click.argument("recipe")
@click.option("--data-root", help="Folder with coco/, faces/, benchmarks/ …; default SRLIB_DATA_ROOT.")
@click.option("--out", help="Where checkpoints, model and record go; default SRLIB_OUT_ROOT, else ./out.")
@click.option("--seed", default=0, show_default=True)
@click.option("--start", help="Model to start from, by name or path, instead of the recipe's own.")
@click.option("-p", "pairs", nargs=2, multiple=True, metavar="NAME VALUE", help="A setting over the recipe's.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted run.")
@click.option("--checkpoint-minutes", "--minutes", default=3.0, show_default=True, help="Between two checkpoints.")
@click.option("--deterministic", is_flag=True, help="The same bits at every run on this kind of machine; slower.")
@click.option("--devices", default="none", show_default=True, help="Share out each batch: mirrored, workers or jax.")
@group.gathered(Run)
def train(options: Run, recipe: str, seed: int, start: str | None, pairs: group.Pairs, deterministic: bool) -> None:
    """Train a RECIPE: data to model file and run record. `srlib train list` names the recipes.

    Checkpoints are written as it goes, and on SIGTERM; after an interruption, the same command with --resume goes on.
    With --devices, each batch is shared out among this machine's GPUs (mirrored; jax under KERAS_BACKEND=jax) or the
    machines that TF_CONFIG lists (workers), which share --data-root and --out; losses and files are as of one device.
    """
    backend.import_keras(compute=options.devices == "none")
    from srlib.machine import precision
    from srlib.training import fit, recipes

    if recipe == "list":
        for name in recipes.available():
            click.echo(f"{name:<23}{recipes.find(name).about}")
        return
    if deterministic:
        precision.make_deterministic()
    path, record = recipes.train(
        recipe,
        data_root=options.data_root,
        out=options.out,
        changes=recipes.Changes(seed, group.values(pairs), start),
        resume=options.resume,
        options=fit.RunOptions(checkpoint_minutes=options.checkpoint_minutes, devices=options.devices),
    )
    if record:
        click.echo(record.read("metrics")["headline"])
        click.echo(f"model: {path}\nrecord: {record.path}")
    else:
        click.echo("trained; the first worker writes the model and the record")


@group.command.command()
@click.argument("plan")
@click.option("--profile", help="Instead of the plan's own: smoke, cpu, colab or full.")
@click.option("--data-root", help="Folder with coco/, faces/, benchmarks/ …; default SRLIB_DATA_ROOT.")
@click.option("--out", help="Where trainings and record go; default SRLIB_OUT_ROOT, else ./out.")
@click.option("--workers", type=click.IntRange(min=0), default=0, help="Processes to train in; 0: this one.")
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler whose workers train: tcp://host:8786.")
def ablate(
    plan: str, profile: str | None, data_root: str | None, out: str | None, workers: int, scheduler: str | None
) -> None:
    """Compare the arms of a PLAN, a TOML file or list, which names those shipped: trainings, scores, verdicts by rule.

    A training that is finished is never repeated; after any interruption the same command goes on where it stopped.
    Workers on other machines must see --out and --data-root under the same names.
    """
    from srlib.experiments import plans, task_runner

    if plan == "list":
        for name in plans.available():
            click.echo(f"{name:<28}{plans.load(name).about}")
        return
    backend.import_keras()
    from srlib.experiments import ablation

    loaded = plans.load(plan, **({"profile": profile} if profile else {}))
    folder = group.writable(records.output_root(out))
    try:
        record = ablation.run(loaded, folder, root=data_root, workers=scheduler or workers)
    except task_runner.Unfinished as error:
        raise group.SomeFailed(f"{error}; the same command goes on") from error
    _report_ablation(record, len(loaded.arms) * len(loaded.seeds))


def _report_ablation(record: records.Record, planned: int) -> None:
    """Print what an ablation found; SomeFailed names the runs that did not come to an end."""
    from srlib.experiments import analysis

    for row in record.table("comparisons"):
        click.echo(row["verdict"])
    for sentence in analysis.at_the_edge(record.table("trials")):
        click.echo(sentence)
    runs = [row for row in record.table("runs") if row["status"] != "done"]
    for row in (*runs, *(row for row in record.table("trials") if row["status"] == "failed")):
        which = f"seed {row['seed']:.0f}" if "seed" in row else f"trial {row['trial']:.0f}"
        click.echo(f"{row['arm']} {which} {row['status']}: {row['reason']}")
    click.echo(f"record: {record.path}")
    failed = [f"{row['arm']} seed {row['seed']:.0f}" for row in runs if row["status"] == "failed"]
    group.finish(failed, planned, noun="runs")
