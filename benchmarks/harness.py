"""Timings of srlib beside its peers: one run, one machine, taking turns; the table and the projection drawn from them.

    python benchmarks/harness.py [--only training,upscaling] [--rounds 9]

The cases are the programs beside this one, each with a function `measure(rounds)` that gives rows.
"""

import importlib
import json
import pathlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click
import numpy as np

from srlib import files
from srlib.config import Config, did_you_mean
from srlib.errors import InputError
from srlib.machine import backend, environment

FOLDER = pathlib.Path(__file__).parent
Row = dict[str, Any]  # of the table, as `row`, `cost` and `share` make it
CASES = ("training", "adversarial", "upscaling", "compilations", "optimizers_and_losses")
ON_REQUEST = ("gpu",)  # only where it is named


@click.command()
@click.option("--only", default="", metavar="CASES", help=f"Some of them: {','.join(CASES + ON_REQUEST)}.")
@click.option("--rounds", type=click.IntRange(min=1), default=9, show_default=True, help="Turns of each side.")
def main(only: str, rounds: int) -> None:
    """Time every case beside its peers and draw the table in benchmarks/README.md.

    On a machine that does nothing else. Each case writes its rows with machine, versions and commit as it ends.
    """
    backend.import_keras()
    path = FOLDER / "results" / "bench.json"
    try:
        for name, rows in run(list(filter(None, only.split(","))), rounds):
            record(path, name, rows)
            for each in rows:
                click.echo(f"{each['case']:<40} {each['ratio']:6.2f}  {each['peer']}")
    except InputError as error:
        raise click.UsageError(str(error)) from error
    update(FOLDER / "README.md", path, Config())


def row(
    case: str,
    peer: str,
    *,
    ours: float | np.ndarray,
    theirs: float | np.ndarray,
    asked: tuple[float | None, float | None] = (None, None),
    note: str = "",
) -> Row:
    """One line of the table: how many times faster ours is, the median over rounds of their time by ours in a round.

    Args:
        case, peer: str, what is timed and against what.
        ours, theirs: floats, or arrays (rounds,), seconds.
        asked: (float, float), the ratio that must be, and the one aimed at; None where nothing is asked.
        note: str, what a reader has to know.
    """
    must, aim = asked
    ours, theirs = np.atleast_1d(ours).astype(float), np.atleast_1d(theirs).astype(float)
    ratio = float(np.median(theirs / ours))
    seconds = {"seconds": float(np.median(ours)), "peer_seconds": float(np.median(theirs))}
    return {"case": case, "peer": peer, "ratio": ratio, **seconds, "must": must, "aim": aim, "note": note}


def cost(case: str, peer: str, *, ours: float | np.ndarray, theirs: float | np.ndarray, limit: float) -> Row:
    """A row for what may cost more than its peer: the median over rounds of our time by theirs, at most `limit`."""
    each = row(case, peer, ours=theirs, theirs=ours)
    return {**each, "seconds": each["peer_seconds"], "peer_seconds": each["seconds"], "limit": limit}


def share(
    case: str, peer: str, *, part: float, asked: tuple[float | None, float | None] = (None, None), note: str
) -> Row:
    """A row for the part of a limit that is reached."""
    each = row(case, peer, ours=1, theirs=1, asked=asked, note=note)
    return {**each, "ratio": part, "seconds": None, "peer_seconds": None}


def interleaved(functions: dict[str, Callable[[], object]], rounds: int) -> dict[str, np.ndarray]:
    """Seconds of each function in each round, the order turning from round to round, after one call of each.

    Args:
        functions: {name: function without arguments}.
        rounds: int.
    Returns:
        {name: array (rounds,)}
    """
    names, seconds = list(functions), {name: [] for name in functions}
    for function in functions.values():
        function()
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = time.perf_counter()
            functions[name]()
            seconds[name].append(time.perf_counter() - start)
    return {name: np.array(values) for name, values in seconds.items()}


def matmul(dtype: str = "bfloat16", side: int = 2048, *, products: int = 1) -> Callable[[], float]:
    """A function that takes `products` products of two matrices of `side`² numbers: 2 `side`³ operations each.

    A number is read after the last of them only: on a GPU, waiting for one product costs as much as a part of it.
    """
    import keras

    one, other = (keras.ops.cast(np.random.default_rng(seed).normal(size=(side, side)), dtype) for seed in (0, 1))

    def multiply():
        for _ in range(products):
            product = keras.ops.matmul(one, other)
        return float(product[0, 0])

    return multiply


def generator_operations(config: Config) -> int:
    """Multiplications and additions of one training step of the generator: three times those of its convolutions.

    As published, at the sides where the figure has them: the count is of the mathematics, not of what we compute.
    """
    filters, lr = config.generator_filters, (config.hr_patch // 4) ** 2
    products = 81 * 3 * filters * lr
    products += (2 * config.generator_blocks + 1) * 9 * filters**2 * lr
    products += 9 * filters * 4 * filters * (lr + 4 * lr)
    products += 81 * filters * 3 * 16 * lr
    return 3 * 2 * products * config.batch


def adversarial_operations(config: Config) -> int:
    """Those of a step of both networks: the generator's, and seven times the discriminator's forward pass.

    Two passes forward, for originals and generated pictures; for both the gradients of the weights and of what lies
    below; and once more those of the generated picture, which the generator learns from.
    """
    filters, side, products, channels = config.discriminator_filters, config.hr_patch, 0, 3
    for factor in (1, 2, 4, 8):
        for stride in (1, 2):
            side //= stride
            products += 9 * channels * factor * filters * side**2
            channels = factor * filters
    products += channels * side**2 * config.discriminator_dense + config.discriminator_dense
    return generator_operations(config) + 7 * 2 * products * config.batch


def run(only: Sequence[str] = (), rounds: int = 9) -> Iterator[tuple[str, list[Row]]]:
    """(name, rows) of the cases, or of those named `only`, one after the other, as they come.

    Raises:
        InputError: unknown case.
    """
    for name in only:
        if name not in CASES + ON_REQUEST:
            known = CASES + ON_REQUEST
            raise InputError(f"unknown case {name!r}{did_you_mean(name, known)}; known: {', '.join(known)}")
    for name in only or CASES:
        yield name, importlib.import_module(name).measure(rounds)


def record(path: pathlib.Path, name: str, rows: list[Row]) -> None:
    """Write a case's rows with the machine into the JSON file `path`, in place of what it holds of that case."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept[name] = {**environment.describe(), "rows": rows}
    files.write_json(path, kept)


def table(recorded: dict[str, dict]) -> str:
    """The Markdown table of all recorded rows, one section for each machine and commit that measured them."""
    lines = ["| case | beside | measured | must | aim | ours | theirs | |", "|---|---|---|---|---|---|---|---|"]
    lines += [_line(each) for case in recorded.values() for each in case["rows"]]
    machines = {
        f"{environment.hardware(case)}, {_versions(case)}, commit {case['commit']}, {case['time'][:10]}"
        for case in recorded.values()
    }
    return "\n".join([*lines, "", *(f"Measured on {machine}." for machine in sorted(machines))])


def _line(each: Row) -> str:
    times = [_time(each[name]) if each[name] else "" for name in ("seconds", "peer_seconds")]
    cells = [each["case"], each["peer"], *_claim(each), *times, each["note"]]
    return f"| {' | '.join(cells)} |"


def _claim(each: Row) -> tuple[str, ...]:
    """What was measured, what must and what should be, in the words of the row's kind."""
    if "limit" in each:
        return f"{each['ratio']:.2f} of its time", f"≤ {each['limit']:g}", ""
    if each["seconds"] is None:
        return tuple("" if value is None else f"{value:.0%}" for value in (each["ratio"], each["must"], each["aim"]))
    asked = (f"≥ {each[name]:g}×" if each[name] else "" for name in ("must", "aim"))
    return f"{each['ratio']:.1f}× as fast", *asked


def _time(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _versions(case: dict) -> str:
    backend = "tensorflow" if "tensorflow" in case["packages"] else "jax"  # with both installed the former computes
    return ", ".join(f"{name} {case['packages'][name]}" for name in (backend, "keras") if name in case["packages"])


# Peak rates of matrix products from the makers' data sheets, in operations a second: NVIDIA T4 (float16),
# A100 and H100 SXM (bfloat16), without sparsity.
PEAKS = {"one T4": 65e12, "one A100": 312e12, "eight H100": 8 * 989e12}
COCO, FFHQ = 118_287, 70_000  # photographs
COCO_PIXELS, FFHQ_PIXELS = 640 * 480, 1024 * 1024  # COCO's most common size; FFHQ's only one


def projection(steps: tuple[float, float], share: float, *, config: Config, drawn: float) -> list[Row]:
    """What the reproduction would take by the paper's schedule, on COCO and again on faces: a row for each machine.

    Args:
        steps: (pixel, adversarial), seconds of a step measured on this machine.
        share: float, the part of its peak that a GPU is taken to reach.
        config: `Config` with steps, batch and patch.
        drawn: float, patches a second that one process draws from a packed store; no step is faster than its batch.
    Returns:
        list of dicts: machine, hours, patches and megabytes read a second in the pixel phase, what limits it.
    """
    operations = generator_operations(config), adversarial_operations(config)
    machines = {"this machine, measured": steps}
    for name, peak in PEAKS.items():
        machines[f"{name}, at {share:.0%} of its peak"] = tuple(count / (peak * share) for count in operations)
    patch = (config.hr_patch + 16) ** 2 * 3
    rows = []
    for machine, (pixel, adversarial) in machines.items():
        limit = "arithmetic" if config.batch / pixel < drawn else "drawing patches in one process"
        pixel, adversarial = (max(seconds, config.batch / drawn) for seconds in (pixel, adversarial))
        hours = 2 * (config.pretrain_steps * pixel + config.gan_steps * adversarial) / 3600
        rate = config.batch / pixel
        rows.append(
            {"machine": machine, "hours": hours, "patches": rate, "megabytes": rate * patch / 1e6, "limit": limit}
        )
    return rows


def storage() -> dict[str, float]:
    """Gigabytes of both data sets as packed pixels: what a full run reads from."""
    return {"COCO": COCO * COCO_PIXELS * 3 / 1e9, "FFHQ": FFHQ * FFHQ_PIXELS * 3 / 1e9}


def projection_table(recorded: dict[str, dict], drawn: float, *, config: Config, share: float = 0.3) -> str:
    """The Markdown table of the projection from the recorded steps and rate of drawing."""
    steps = tuple(recorded[name]["rows"][0]["seconds"] for name in ("training", "adversarial"))
    lines = ["| machine | hours | patches a second | read, MB/s | limit |", "|---|---|---|---|---|"]
    for row in projection(steps, share, config=config, drawn=drawn):
        rates = f"{row['hours']:,.1f} | {row['patches']:,.0f} | {row['megabytes']:,.0f}"
        lines.append(f"| {row['machine']} | {rates} | {row['limit']} |")
    sizes = ", ".join(f"{name} {size:.0f} GB" for name, size in storage().items())
    return "\n".join([*lines, "", f"Packed pixels on disk: {sizes}. One process draws {drawn:,.0f} patches a second."])


def update(readme: pathlib.Path, path: pathlib.Path, config: Config) -> None:
    """Draw the table and the projection anew between their markers in benchmarks/README.md."""
    recorded = json.loads(path.read_text())
    drawn = json.loads((path.parent / "data_store.json").read_text())["store_crops_per_second"]
    parts = {"table": table(recorded)}
    if {"training", "adversarial"} <= set(recorded):
        parts["projection"] = projection_table(recorded, drawn, config=config)
    files.replace_parts(readme, parts)


if __name__ == "__main__":
    main()
