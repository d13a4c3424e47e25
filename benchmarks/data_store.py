"""How fast the packed store feeds patches, beside decoding JPEGs on the fly; how much memory; does a step wait for it.

    python benchmarks/data_store.py [--data-root DIR]

Prints a table and writes benchmarks/results/data_store.json. Without a data root it takes the embedded photographs.
"""

import argparse
import concurrent.futures
import itertools
import pathlib
import statistics
import tempfile
import time
import tracemalloc

import numpy as np
from PIL import Image

from srlib import config as configs
from srlib import files
from srlib.data import catalogue, embedded_photographs, packed_store, patches, sources
from srlib.imaging import pictures
from srlib.machine import backend, environment
from srlib.srgan import generator, losses, training_steps
from srlib.training import optimizers

PATCH, BATCH, WORKERS, SECONDS, ROUNDS = 96, 16, 2, 2.0, 5
MEMORY_BUDGET = 40 * 2**20  # bytes of memory, beside a store of ten times as many
STEPS = 60
OUT = pathlib.Path(__file__).parent / "results" / "data_store.json"


def main():
    """Measure all three, print them and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root")
    root = sources.data_root(parser.parse_args().data_root)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        paths = _jpegs(root, folder)
        measured = {"pictures": len(paths), "patch": PATCH, "batch": BATCH, "threads": WORKERS}
        measured |= throughput(paths, folder)
        measured |= memory(paths, folder)
        measured |= waiting(paths, folder)
    files.write_json(OUT, {**measured, "environment": environment.describe()})
    for name, value in measured.items():
        print(f"{name:<34} {value:>12,}" if isinstance(value, int) else f"{name:<34} {value:>12,.4f}")


def _jpegs(root, folder):
    """JPEG files: COCO's training pictures of the data root, else the embedded photographs as JPEG."""
    if sources.has("coco", root):
        return pictures.find(root / catalogue.DATA_SETS["coco"].splits["train"])
    for name, path in embedded_photographs.paths("train").items():
        Image.fromarray(pictures.read(path).rgb).save(folder / f"{name}.jpg", quality=90)
    return pictures.find(folder)


def throughput(paths, folder):
    """Crops a second of the store and of decoding, in turns, so that other work on the machine falls on both."""
    sampler = packed_store.build(paths, folder / "store", progress=False).sampler(
        patches.PatchSettings(PATCH, BATCH, seed=0)
    )
    packed, decoded = [], []
    for _ in range(ROUNDS):
        packed.append(_rate(sampler.batches(workers=WORKERS)))
        decoded.append(_rate(_decoding(paths)))
    return {
        "store_crops_per_second": round(statistics.median(packed)),
        "store_crops_per_second_best": round(max(packed)),
        "store_crops_per_cpu_second": round(_rate_of_cpu(sampler)),
        "jpeg_crops_per_second": round(statistics.median(decoded)),
        "store_over_jpeg": statistics.median(one / other for one, other in zip(packed, decoded)),
    }


def _rate(batches):
    """Crops a second over `SECONDS`, the first batches left out."""
    for _ in range(4):
        next(batches)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        count += len(next(batches)[0])
    rate = count / (time.perf_counter() - start)
    batches.close()
    return rate


def _rate_of_cpu(sampler):
    """Crops a second of processor time in one thread: what is left when other work's share is taken out."""
    start = time.thread_time()
    for index in range(200):
        sampler(index)
    return 200 * BATCH / (time.thread_time() - start)


def _decoding(paths):
    """Batches as a loader without a store makes them: each crop out of a file that is decoded for it."""
    usable = [path for path in paths if min(Image.open(path).size) >= PATCH]

    def one(index):
        random = np.random.default_rng(index)
        image = pictures.read(usable[random.integers(len(usable))]).rgb
        return patches.PatchSampler([image], PATCH, batch=1, seed=0)(index)[0]

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for index in itertools.count():
            yield (np.stack(list(pool.map(one, range(8 * index, 8 * index + 8)))),)


def memory(paths, folder):
    """Memory of building and sampling a store ten times the budget."""
    largest = max(paths, key=lambda path: path.stat().st_size)
    one = packed_store.packed_size(*pictures.read(largest).rgb.shape[:2])
    many = [largest] * (10 * MEMORY_BUDGET // one + 1)
    before = _anonymous()
    tracemalloc.start()
    built = packed_store.build(many, folder / "large", budget=2**40, progress=False)
    building = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    batches = built.sampler(patches.PatchSettings(PATCH, BATCH, seed=0)).batches(workers=WORKERS)
    for _ in range(400):
        next(batches)
    batches.close()
    sampling = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {
        "store_mb": built.about["bytes"] / 2**20,
        "memory_budget_mb": MEMORY_BUDGET / 2**20,
        "peak_while_building_mb": building / 2**20,
        "peak_while_sampling_mb": sampling / 2**20,
        "resident_growth_mb": (_anonymous() - before) / 2**20,
    }


def _anonymous():
    """Resident bytes of this process that no file backs (Linux); 0 where that cannot be read."""
    status = pathlib.Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")), 0)


def waiting(paths, folder):
    """How long a training step waits for its batch, drawn by one thread while the step before runs."""
    config = configs.resolve("cpu")
    sampler = packed_store.build(paths, folder / "store", progress=False).sampler(
        patches.PatchSettings(PATCH, config.batch, seed=0)
    )
    model = training_steps.PixelTraining(generator.build(config), losses.content(config.content_loss))
    model.compile(optimizer=optimizers.create("adam", 1e-4), jit_compile=False)
    batches = sampler.batches(workers=1)
    model.train_on_batch(*next(batches))  # compiles
    waits, steps = [], []
    for _ in range(STEPS):
        start = time.perf_counter()
        batch = next(batches)
        waits.append(time.perf_counter() - start)
        model.train_on_batch(*batch)
        steps.append(time.perf_counter() - start)
    batches.close()
    return {"step_seconds": statistics.mean(steps), "waited_share_of_step": sum(waits) / sum(steps)}


if __name__ == "__main__":
    with backend.quiet():
        generator.build(configs.resolve("smoke"))
    main()
