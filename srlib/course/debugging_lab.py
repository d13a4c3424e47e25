"""The debugging lab: SRGAN as many public scripts write it, and eight mistakes found in such code, as switches.

Nothing else in srlib uses this module. Each mistake stands in a small function beside what is right. The script is
the usual one: a discriminator compiled by itself, a combined model with the discriminator frozen in it, compiled too,
and `train_on_batch` in turns. debugging_lab.toml says where each mistake was seen.
"""

import dataclasses
import functools
import pathlib
import random
import tomllib
import warnings
from collections.abc import Iterable, Sequence

import keras
import numpy as np
from keras import ops

from srlib.config import Config, did_you_mean
from srlib.data import patches, sources
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.imaging import bicubic, bicubic_layers, metrics, pictures
from srlib.imaging.pixel_ranges import Tensor
from srlib.srgan import discriminator, generator

_TABLE = tomllib.loads(pathlib.Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
DEFECTS = {name: (each["mistake"], each["seen_in"]) for name, each in _TABLE.items()}
CASES = dict(sorted((each["case"], name) for name, each in _TABLE.items()))  # the anonymous runs of the exercises
ADVERSARIAL_WEIGHT, DECAY = 1e-3, 0.9
_IMAGENET_MEAN = np.array([103.939, 116.779, 123.68], "float32")  # blue, green, red
_COMPILED_IN = ("vgg_range", "no_gradient", "frozen_discriminator", "one_optimizer")  # the others change no graph


def lab_config(config: Config) -> Config:
    """The settings of the lab: networks so small that a run takes seconds, whatever the profile is for the rest.

    Args:
        config: its seed stays, steps and batch grow with it within narrow limits.
    Returns:
        what `run` takes.
    """
    steps = 10 * min(max(config.pretrain_steps // 40, 4), 15)
    return dataclasses.replace(
        config,
        generator_blocks=1,
        generator_filters=8,
        bicubic_skip=True,
        discriminator_filters=4,
        discriminator_dense=16,
        hr_patch=48,
        batch=min(config.batch, 8),
        gan_steps=steps,
        gan_learning_rate=2e-3,
        log_every=steps // 10,
    )


# What the mistakes are made in


def to_uint8(pixels: np.ndarray, rounds: bool = True) -> np.ndarray:
    """Float pixel values as uint8, rounded; or truncated, which loses half a level on average."""
    return bicubic.to_uint8(pixels) if rounds else np.clip(pixels, 0.0, 255.0).astype(np.uint8)


def low_resolution(margined: np.ndarray, antialias: bool = True, *, rounds: bool = True) -> np.ndarray:
    """The LR pictures of HR pictures that carry their margin.

    Args:
        margined: uint8 (batch, 4h + 16, 4w + 16, 3).
        antialias: as `bicubic.downscale_taps` takes it.
        rounds: as `to_uint8` takes it.
    Returns:
        uint8 (batch, h, w, 3).
    """
    return to_uint8(ops.convert_to_numpy(bicubic_layers.downscale(margined, antialias)), rounds)


def vgg_input(hr: Tensor, centred: bool = True) -> Tensor:
    """HR in [-1, 1] as VGG wants it: BGR, 0 to 255 less ImageNet's mean; or, wrongly, just as it is."""
    return ops.flip((hr + 1.0) * 127.5, axis=-1) - _IMAGENET_MEAN if centred else hr


def features(centred: bool = True, gradient: bool = True) -> keras.Model:
    """A stand-in for VGG19, which would have to be downloaded: one layer of fixed kernels, spots and edges.

    It is no trained network and knows no textures. What it shares with VGG is what matters here: 3 × 3 convolutions
    of centred BGR with a ReLU behind them, and the size of its numbers.

    Args:
        centred: whether the input is brought to that range.
        gradient: whether gradients pass.
    Returns:
        network from HR in [-1, 1] to features, divided by SRGAN's 12.75.
    """
    hr = keras.Input((None, None, 3))
    layer = keras.layers.Conv2D(18, 3, padding="same", activation="relu", use_bias=False)
    maps = layer(vgg_input(hr, centred)) / 12.75
    layer.set_weights([_kernels()])
    network = keras.Model(hr, maps if gradient else ops.stop_gradient(maps), name="features")
    network.trainable = False
    return network


def _kernels():
    """For each colour a spot, an edge down and an edge across, each with both signs: float32 (3, 3, 3, 18)."""
    spot, edge = np.zeros((3, 3)), np.zeros((3, 3))
    spot[1, 1], edge[1] = 1.0, (-0.5, 0.0, 0.5)
    kernels = [sign * kernel for kernel in (spot, edge, edge.T) for sign in (1, -1)]
    return np.concatenate([np.eye(3) * kernel[:, :, None, None] for kernel in kernels], axis=-1).astype("float32")


def update_average(
    average: Sequence[Tensor], weights: Sequence[Tensor], *, decay: float = DECAY, inverted: bool = False
) -> list[Tensor]:
    """A step of the exponential moving average: decay · average + (1 - decay) · weights; inverted, they are exchanged.

    Args:
        average, weights: arrays of the same shapes.
        decay: of the average, in [0, 1].
        inverted: whether decay is applied to the wrong side.
    """
    keep = 1.0 - decay if inverted else decay
    return [keep * old + (1.0 - keep) * new for old, new in zip(average, weights)]


def training_photos(
    train: Iterable[sources.Photo], test: Iterable[sources.Photo], *, leak: bool = False
) -> list[sources.Photo]:
    """The photos to train on; the leak, a folder read with all that is below it, takes those of the test in."""
    return [*train, *test] if leak else list(train)


# The script


class AdversarialScript:
    """Both networks, compiled in the usual three steps; `defect` is one of `_COMPILED_IN` or None."""

    def __init__(self, config: Config, defect: str | None = None) -> None:
        self.defect = defect
        self.generator, self.discriminator = _networks(config)
        self.features = features(centred=defect != "vgg_range", gradient=True)
        seen = features(centred=defect != "vgg_range", gradient=defect != "no_gradient")

        # The discriminator is updated twice a step, on originals and on drawings.
        optimizers = [_adam(config, steps) for steps in (2 * config.gan_steps, config.gan_steps)]
        if defect == "one_optimizer":
            optimizers = [optimizers[1]] * 2
            # Keras 3 refuses an optimizer that meets new variables; this is the line that silences it.
            optimizers[0].build(self.generator.trainable_variables + self.discriminator.trainable_variables)
        cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        self.discriminator.compile(optimizers[0], cross_entropy, metrics=[_probability])

        self.discriminator.trainable = False
        lr = keras.Input((None, None, 3))
        side = config.hr_patch
        sr = keras.layers.Reshape((side, side, 3))(self.generator(lr))
        self.combined = keras.Model(lr, [seen(sr), self.discriminator(sr)])
        self.combined.compile(optimizers[1], ["mse", cross_entropy], loss_weights=[1.0, ADVERSARIAL_WEIGHT])
        self.optimizers = optimizers

    def step(self, lr: np.ndarray, hr: np.ndarray) -> dict[str, float]:
        """Train both networks on a batch, LR in [0, 1] and HR in [-1, 1]; returns the script's losses and mean D."""
        real, fake = np.ones((len(lr), 1)), np.zeros((len(lr), 1))
        sr = self.generator.predict_on_batch(lr)
        self.discriminator.trainable = self.defect != "frozen_discriminator"  # the sound script opens it again
        d_real = self._on_batch(self.discriminator, hr, real)["_probability"]
        d_fake = self._on_batch(self.discriminator, sr, fake)["_probability"]
        self.discriminator.trainable = False
        losses = self._on_batch(self.combined, lr, [self.features.predict_on_batch(hr), real])
        content, adversarial = losses["features_loss"], losses["discriminator_loss"]
        return {"content": content, "adversarial": adversarial, "d_real": d_real, "d_fake": d_fake}

    def _on_batch(self, model, x, y):
        model.reset_metrics()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the one line in which Keras says that nothing is trainable
            return {name: float(value) for name, value in model.train_on_batch(x, y, return_dict=True).items()}

    def weights(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Copies of the weights of generator and discriminator."""
        return self.generator.get_weights(), self.discriminator.get_weights()

    def restart(self, config: Config) -> None:
        """Begin again, with the weights of the config's seed and the optimizers at step 0."""
        for network, weights in zip((self.generator, self.discriminator), _initial_weights(config)):
            network.set_weights(weights)
        for optimizer in self.optimizers:
            for variable in optimizer.variables:
                variable.assign(np.zeros(variable.shape, variable.dtype))


def _probability(labels, logits):
    """The mean D of a batch, a metric for `compile`."""
    return ops.mean(ops.sigmoid(logits))


def _adam(config, steps):
    """Adam whose learning rate falls to zero in that many steps of its own."""
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(config.gan_learning_rate, steps))


def _networks(config):
    random.seed(config.seed)  # what initialisers draw from
    return generator.build(config), discriminator.build(config)


@functools.lru_cache(maxsize=4)
def _initial_weights(config):
    """The weights of both networks as its seed makes them."""
    return [network.get_weights() for network in _networks(config)]


_compiled = functools.lru_cache(maxsize=8)(AdversarialScript)  # runs that differ in their seed alone share one


# Running it


class Evaluator:
    """Measures a generator on the centres of photographs, with the script's own LR or with MATLAB's.

    Args:
        photos: each side at least `side` px.
        antialias, rounds: how LR is made and pictures are saved.
        side: of the centre that is cut out, in pixels.
    """

    def __init__(
        self, photos: Iterable[sources.Photo], *, antialias: bool = True, rounds: bool = True, side: int = 96
    ) -> None:
        self._rounds = rounds
        self.hr = np.stack([pictures.centre_crop(photo.load().rgb, side) for photo in photos])
        margined = np.stack([patches.with_margin(picture) for picture in self.hr])
        self.lr = low_resolution(margined, antialias, rounds=rounds)

    def bicubic(self) -> float:
        """The PSNR-Y of bicubic enlargement in dB."""
        return self._psnr(np.stack([bicubic.upscale(picture) for picture in self.lr]))

    def gain(self, network: keras.Model) -> float:
        """The gain of a generator over bicubic in dB."""
        sr = network.predict_on_batch(self.lr.astype("float32") / 255.0)
        return self._psnr(to_uint8((sr + 1.0) * 127.5, self._rounds)) - self.bicubic()

    def _psnr(self, enlarged):
        planes = ([protocol.inside(metrics.luma(each)) for each in stack] for stack in (self.hr, enlarged))
        return float(np.mean([metrics.psnr(*pair) for pair in zip(*planes)]))


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run shows: `history`, rows for the curves, and `signs`, {vital sign: number} at its end.

    A row has the means since the last one of the feature loss (`content`) and the adversarial loss, of D(HR) and D(SR);
    the gain over bicubic in dB that the script reports on its own test pictures, that a judge finds on unseen ones,
    and that he finds for the averaged weights; and the mean change of each network's weights.
    """

    history: list[dict[str, float | int]]
    signs: dict[str, float | int]


def run(config: Config, photos: Sequence[Sequence[sources.Photo]], *, defect: str | None = None) -> Run:
    """Run the script with one of the defects, or with none.

    Args:
        config: from `lab_config`.
        photos: three lists: what the script trains on, what it reports its score on, and what it never sees.
        defect: a name in `DEFECTS`, or None.
    Raises:
        InputError: unknown defect, or "one_optimizer" on JAX, where Keras cannot be talked out of refusing it.
    """
    _check(defect)
    train, test, unseen = photos
    ways = {"antialias": defect != "no_antialiasing", "rounds": defect != "truncation"}
    script = _compiled(dataclasses.replace(config, seed=0), defect if defect in _COMPILED_IN else None)
    script.restart(config)
    given = training_photos(train, test, leak=defect == "leak")
    arrays = [photo.load().rgb for photo in given]
    sampler = patches.PatchSampler(arrays, config.hr_patch, batch=config.batch, seed=config.seed)
    own, judge = Evaluator(test, **ways), Evaluator(unseen, rounds=ways["rounds"])
    log = _Log(script, own, judge, inverted=defect == "inverted_average")
    for step in range(1, config.gan_steps + 1):
        log.add(script.step(*_pair(sampler(step - 1), **ways)))
        if step % config.log_every == 0:
            log.write(step)
    signs = {
        "bicubic, by the script (dB)": own.bicubic(),
        "saving an original changes it by (levels)": _saving_error(unseen, ways["rounds"]),
        "test pictures among the training pictures": _twins(given, test),
        "steps of the generator's optimizer per batch": int(script.optimizers[1].iterations) / config.gan_steps,
        "average's distance from the last weights": _distance(log.average, script.generator.get_weights()),
    }
    return Run(log.rows, signs)


def _check(defect):
    """Raise InputError for what is no defect, or none that this backend can have."""
    if defect is not None and defect not in DEFECTS:
        raise InputError(f"unknown defect {defect!r}{did_you_mean(str(defect), DEFECTS)}; known: {', '.join(DEFECTS)}")
    if defect == "one_optimizer" and keras.backend.backend() == "jax":
        raise InputError("one_optimizer: on JAX Keras refuses this mistake; run it with KERAS_BACKEND=tensorflow")


def _pair(margined, **ways):
    """A batch as the networks take it, LR in [0, 1] and HR in [-1, 1], of uint8 patches with their margin."""
    inner = slice(bicubic.MARGIN, -bicubic.MARGIN)
    hr = margined[:, inner, inner].astype("float32") / 127.5 - 1.0
    return low_resolution(margined, **ways).astype("float32") / 255.0, hr


class _Log:
    """Follows a script: the weight average after each step, a row of measures now and then."""

    def __init__(self, script, own, judge, *, inverted):
        self._script, self._own, self._judge, self._inverted = script, own, judge, inverted
        self.rows, self._pending, self._before = [], [], script.weights()
        self.average = self._before[0]

    def add(self, values):
        """Take in what a step returned."""
        self._pending.append(values)
        self.average = update_average(self.average, self._script.generator.get_weights(), inverted=self._inverted)

    def write(self, step):
        """Make a row of the steps since the last one."""
        before, self._before = self._before, self._script.weights()
        means = {name: float(np.mean([row[name] for row in self._pending])) for name in self._pending[0]}
        moved = dict(zip(("g_moved", "d_moved"), map(_distance, before, self._before)))
        self.rows.append({"step": step, **means, **self._gains(), **moved})
        self._pending.clear()

    def _gains(self):
        network = self._script.generator
        gains = {"reported": self._own.gain(network), "judged": self._judge.gain(network)}
        network.set_weights(self.average)
        gains["averaged"] = self._judge.gain(network)
        network.set_weights(self._before[0])
        return gains


def _distance(before, after):
    """The mean absolute difference of weights, two lists of arrays."""
    total = sum(np.abs(new - old).sum() for old, new in zip(before, after))
    return float(total / sum(array.size for array in after))


def _saving_error(photos, rounds):
    """The largest change, in grey levels, of originals that go to [-1, 1], come back and are saved."""
    arrays = [photo.load().rgb for photo in photos]
    saved = [to_uint8((array / np.float32(127.5) - 1 + 1) * np.float32(127.5), rounds) for array in arrays]
    return max(float(np.abs(one.astype(float) - other).max()) for one, other in zip(arrays, saved))


def _twins(photos, test):
    """How many test pictures have their very pixels among the photos trained on."""
    pixels = {photo.load().rgb.tobytes() for photo in photos}
    return sum(photo.load().rgb.tobytes() in pixels for photo in test)
