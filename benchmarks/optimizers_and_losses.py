"""What AdaBelief and the DSSIM loss cost a training step, beside Adam and MSE.

    python benchmarks/optimizers_and_losses.py [--network full] [--comparison NAME] [--rounds N] [--out FILE.json]

The arms of a comparison take turns, one step each a round, in one process, so that whatever else the machine does
falls on all of them alike. A ratio is the median over rounds of an arm's step by the baseline's step of that round;
the ratio of the fastest steps stands beside it. Claims: AdaBelief ≤1.05 × Adam, MSE + DSSIM ≤1.15 × MSE.
"""

import json
import pathlib
import time

import click
import keras
import numpy as np

from srlib import config, discriminator, files, gan, generator, optimizers, precision, results

NETWORKS = {"small": "cpu", "full": "full"}  # profiles whose networks they are; batch 16, patches of 96 px
LIMITS = {"adabelief": 1.05, "mse+dssim": 1.15, "mae+dssim": 1.15, "dssim": 1.15}
COMPARISONS = {
    "optimizers, pixel phase": ("adam", ["adabelief"]),
    "optimizers, adversarial phase": ("adam", ["adabelief"]),
    "losses, pixel phase": ("mse", ["mse+dssim", "mae+dssim", "dssim"]),
}


def patches(settings):
    """A batch of random HR patches with their margin: uint8."""
    side = settings.hr_patch + 16
    return np.random.default_rng(0).integers(0, 256, (settings.batch, side, side, 3), dtype=np.uint8)


def stepper(settings, phase, batch):
    """A function that takes one training step on `batch` and returns its seconds; it is compiled when it returns."""
    with precision.scope(precision.resolve(settings.precision)):
        network = generator.build(settings)
        if phase == "adversarial":
            model = gan.AdversarialTraining(network, discriminator.build(settings), settings.content_loss)
        else:
            model = gan.PixelTraining(network, settings.content_loss, dssim_weight=settings.dssim_weight)
    model.compile(optimizer=optimizers.create(settings.optimizer, 1e-4), jit_compile=False)
    batch = keras.ops.convert_to_tensor(batch)

    def step():
        start = time.perf_counter()
        model.train_on_batch(batch)
        return time.perf_counter() - start

    for _ in range(2):
        step()
    return step


def arms(comparison, network):
    """{arm name: step function} of a comparison, the baseline first."""
    baseline, others = COMPARISONS[comparison]
    setting = "optimizer" if comparison.startswith("optimizers") else "content_loss"
    phase = "adversarial" if "adversarial" in comparison else "pixel"
    base = config.resolve(NETWORKS[network])
    batch = patches(base)
    return {
        name: stepper(config.resolve(NETWORKS[network], 0, {setting: name}), phase, batch)
        for name in [baseline, *others]
    }


def interleaved(steps, rounds):
    """Seconds of each arm in each round, the order turning from round to round: {name: array (rounds,)}."""
    names, seconds = list(steps), {name: [] for name in steps}
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            seconds[name].append(steps[name]())
    return {name: np.array(values) for name, values in seconds.items()}


def rows(comparison, network, seconds):
    """One row an arm: its median and fastest step, and both ratios to the baseline."""
    baseline = seconds[COMPARISONS[comparison][0]]
    return [
        {
            "comparison": comparison,
            "network": network,
            "arm": name,
            "rounds": len(values),
            "median_seconds": round(float(np.median(values)), 4),
            "fastest_seconds": round(float(values.min()), 4),
            "median_ratio": round(float(np.median(values / baseline)), 3),
            "fastest_ratio": round(float(values.min() / baseline.min()), 3),
            "limit": LIMITS.get(name),
        }
        for name, values in seconds.items()
    ]


def show(row):
    """Print a row as one line."""
    limit = f"  (limit {row['limit']})" if row["limit"] else ""
    click.echo(
        f"{row['network']:6} {row['comparison']:30} {row['arm']:10} {1e3 * row['median_seconds']:8.1f} ms  "
        f"median ratio {row['median_ratio']:.3f}, fastest {row['fastest_ratio']:.3f}{limit}"
    )


@click.command(help=__doc__.splitlines()[0])
@click.option("--network", "networks", multiple=True, type=click.Choice(list(NETWORKS)), help="Default: both.")
@click.option("--comparison", "chosen", multiple=True, type=click.Choice(list(COMPARISONS)), help="Default: all.")
@click.option("--rounds", default=15, show_default=True, help="Steps of each arm.")
@click.option("--out", default="benchmarks/results/optimizers_and_losses.json", show_default=True)
def main(networks, chosen, rounds, out):
    for network in networks or NETWORKS:
        for comparison in chosen or COMPARISONS:
            measured = rows(comparison, network, interleaved(arms(comparison, network), rounds))
            for row in measured:
                show(row)
            record(pathlib.Path(out), measured)
            keras.backend.clear_session()


def record(path, measured):
    """Write the rows of a comparison, in place of an earlier measurement of it, beside the others in the file."""
    others = json.loads(path.read_text())["rows"] if path.exists() else []
    others = [row for row in others if _which(row) != _which(measured[0])]
    about = {"precision": precision.resolve("auto"), **results.environment()}
    files.write_json(path, {**about, "rows": others + measured})


def _which(row):
    return row["network"], row["comparison"]


if __name__ == "__main__":
    main()
