"""Headers of the recipe files: command, hardware, time, data and score, drawn from the run records."""

import dataclasses
import pathlib

from srlib import config as configs
from srlib import files, records
from srlib.machine import environment
from srlib.training import recipes

NOT_RECORDED = "not recorded yet"


def write(out: pathlib.Path | str = "results") -> list[pathlib.Path]:
    """Draw the header of every recipe file of this checkout anew.

    Args:
        out: output root with the records train-<recipe>-0 and evaluate-<recipe>.
    Returns:
        the recipe files; none where srlib is installed and has no checkout.
    """
    if recipes.FOLDER.parents[2] != records.KEPT.parent or not records.KEPT.is_dir():
        return []
    return [_write(name, pathlib.Path(out)) for name in recipes.available()]


def header(name: str, out: pathlib.Path | str) -> str:
    """The comment lines at the top of a recipe file, each "# key  value"."""
    record = records.recorded(f"train-{name}-0", out)
    lines = {"command": _command(name), **(_facts(name, record, out) if record else {"record": NOT_RECORDED})}
    return "".join(f"# {key:<9} {value}\n" for key, value in lines.items())


def _write(name, out):
    path = recipes.FOLDER / f"{name}.toml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    files.write_text(path, header(name, out) + "".join(lines[first:]))
    return path


def _command(name):
    data = recipes.find(name).settings.get("train_data", "coco")
    return f"srlib train {name}" + ("" if data == "embedded" else " --data-root DIR")


def _facts(name, record, out):
    """What a record tells of hardware, time, data and score, and in which settings it departs from the recipe."""
    told, ran, metrics = (record.read(part) for part in ("environment", "config", "metrics"))
    scores = records.recorded(f"evaluate-{name}", out)
    facts = {"hardware": environment.hardware(told), "time": _time(ran, metrics, recipes.find(name).phase)}
    facts |= {"data": ran["train_data"], "score": _score(scores.read("metrics")) if scores else NOT_RECORDED}
    return {**facts, "record": f"{record.id}, commit {told['commit']}{_departures(name, ran)}"}


def _time(ran, metrics, phase):
    """Steps and seconds of a run; of a run of one interval the seconds are not known."""
    steps, seconds = ran["pretrain_steps" if phase == "pixel" else "gan_steps"], metrics["seconds_per_step"]
    if not seconds:
        return f"{steps:,} steps; seconds {NOT_RECORDED}"
    return f"{seconds * steps / 60:.0f} min: {steps:,} steps of {1000 * seconds:.0f} ms"


def _score(metrics):
    """Mean PSNR-Y on the benchmarks."""
    sets = {"set5": "Set5", "set14": "Set14", "bsd100": "BSD100", "faces": "faces/test"}
    shown = [f"{title} {metrics[f'{key}_psnr']:.2f}" for key, title in sets.items() if f"{key}_psnr" in metrics]
    return f"{', '.join(shown)} dB (PSNR-Y)"


def _departures(name, ran):
    """The settings in which a run differed from what the recipe says now; empty where it did not."""
    now = dataclasses.asdict(configs.resolve("full", 0, recipes.find(name).settings))
    default = dataclasses.asdict(configs.Config())
    departed = {key: ran.get(key, default[key]) for key in now if ran.get(key, default[key]) != now[key]}
    other = [f"{key} {value}" for key, value in departed.items() if key not in ("train_data", "log_every")]
    return f", with {', '.join(other)}" if other else ""
