"""The debugging lab: SRGAN's game as many public scripts write it, and eight mistakes found in such code, as switches.

Nothing else in srlib uses this module. Each mistake stands in a small function beside what is right. The script is
the usual one: a discriminator compiled by itself, a combined model with the discriminator frozen in it, compiled too,
and `train_on_batch` in turns. `DEFECTS` says where each mistake was seen.
"""

import collections
import dataclasses
import functools
import random
import warnings

import keras
import numpy as np
from keras import ops

from srlib.config import did_you_mean
from srlib.data import patches
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.imaging import bicubic, bicubic_layers, metrics
from srlib.srgan import discriminator, generator

# name: (what is wrong, where such code was seen)
DEFECTS = {
    "no_antialiasing": (
        "LR pictures are made by bicubic interpolation without antialiasing",
        "the default of OpenCV and tf.image.resize; assafshocher/ZSSR issue 1",
    ),
    "vgg_range": (
        "the feature network gets RGB in [-1, 1] where it was trained on centred BGR of 0 to 255",
        "eriklindernoren/Keras-GAN srgan.py; with [0, 1] leftthomas/SRGAN issue 62",
    ),
    "no_gradient": (
        "the features of the drawing are detached: the content loss is a number without a gradient",
        "myscience/open-genie issue 6",
    ),
    "frozen_discriminator": (
        "the discriminator is compiled, then frozen for the combined model, and stays frozen in Keras 3",
        "eriklindernoren/Keras-GAN srgan.py",
    ),
    "one_optimizer": (
        "one optimizer object serves both networks, and its learning rate falls with the steps of both",
        "eriklindernoren/Keras-GAN srgan.py",
    ),
    "leak": (
        "the pictures of the test set are among those to train on",
        "BSDS500, often trained on, holds a picture of Set5 (its number 302003)",
    ),
    "truncation": (
        "pixel values are cut off to whole numbers, not rounded",
        "deepak112/Keras-SRGAN Utils.py",
    ),
    "inverted_average": (
        "the decay of the weight average is applied to the wrong side",
        "stanford-crfm/levanter pull request 883",
    ),
}
ADVERSARIAL_WEIGHT, DECAY = 1e-3, 0.9
SILENT = ("truncation", "inverted_average", "no_antialiasing", "leak")  # the curves look like those of a sound run
# The anonymous runs of the exercises: look here only after you have made up your mind.
CASES = dict(zip("ABCDEFGH", ("one_optimizer", "vgg_range", "frozen_discriminator", "no_gradient", *SILENT)))
_IMAGENET_MEAN = np.array([103.939, 116.779, 123.68], "float32")  # blue, green, red
_COMPILED_IN = ("vgg_range", "no_gradient", "frozen_discriminator", "one_optimizer")  # the others change no graph
_MARGIN = bicubic_layers.BicubicDownscale.MARGIN

_ready = collections.OrderedDict()


def laboratory(config):
    """The settings of the lab: networks so small that a run takes seconds, whatever the profile is for the rest.

    Args:
        config: `Config`; its seed stays, steps and batch grow with it within narrow limits.
    Returns:
        `Config`, to be given to `run`.
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


def known(defect):
    """The name of a defect, or None for the sound script; raises InputError for another name."""
    if defect is not None and defect not in DEFECTS:
        raise InputError(f"unknown defect {defect!r}{did_you_mean(str(defect), DEFECTS)}; known: {', '.join(DEFECTS)}")
    return defect


def taps(antialias=True):
    """What each of 16 neighbouring pixels in a row counts in one LR pixel, ×1/4: float64 (16,), adding up to 1.

    MATLAB stretches the cubic kernel by the factor of shrinking; without that it reads 4 of the 16 pixels.
    """
    distance = np.arange(16) - 7.5
    values = bicubic.cubic(distance / 4) if antialias else bicubic.cubic(distance)
    return values / values.sum()


def whole(pixels, rounds=True):
    """Float pixel values as uint8, rounded; or truncated, which loses half a level on average."""
    pixels = np.clip(pixels, 0.0, 255.0)
    return np.rint(pixels).astype(np.uint8) if rounds else pixels.astype(np.uint8)


def low(margined, antialias=True, rounds=True):
    """The LR pictures of HR pictures that carry their margin.

    Args:
        margined: uint8 (batch, 4h + 16, 4w + 16, 3).
        antialias, rounds: bool, as `taps` and `whole` take them.
    Returns:
        uint8 (batch, h, w, 3).
    """
    kernel = np.repeat(np.outer(taps(antialias), taps(antialias))[:, :, None, None], 3, axis=2).astype("float32")
    inner = ops.cast(margined[:, 2:-2, 2:-2], "float32")
    return whole(ops.convert_to_numpy(ops.depthwise_conv(inner, kernel, strides=4, padding="valid")), rounds)


def vgg_input(hr, centred=True):
    """HR in [-1, 1] as VGG wants it: BGR, 0 to 255 less ImageNet's mean; or, wrongly, just as it is."""
    return ops.flip((hr + 1.0) * 127.5, axis=-1) - _IMAGENET_MEAN if centred else hr


def features(centred=True, gradient=True):
    """A stand-in for VGG19, which would have to be downloaded: one layer of fixed kernels, spots and edges.

    It is no trained network and knows no textures. What it shares with VGG is what matters here: 3 × 3 convolutions
    of centred BGR with a ReLU behind them, and the size of its numbers.

    Args:
        centred: bool, whether the input is brought to that range.
        gradient: bool, whether gradients pass.
    Returns:
        `keras.Model` from HR in [-1, 1] to features, divided by SRGAN's 12.75.
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


def averaged(average, weights, decay=DECAY, inverted=False):
    """A step of the exponential average: decay · average + (1 - decay) · weights; inverted, the two are exchanged.

    Args:
        average, weights: lists of arrays.
    """
    keep = 1.0 - decay if inverted else decay
    return [keep * old + (1.0 - keep) * new for old, new in zip(average, weights)]


def probability(labels, logits):
    """The mean D of a batch, a metric for `compile`."""
    return ops.mean(ops.sigmoid(logits))


class Game:
    """Both networks, compiled in the usual three steps; `defect` is one of `_COMPILED_IN` or None."""

    def __init__(self, config, defect=None):
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
        self.discriminator.compile(optimizers[0], cross_entropy, metrics=[probability])

        self.discriminator.trainable = False
        lr = keras.Input((None, None, 3))
        side = config.hr_patch
        sr = keras.layers.Reshape((side, side, 3))(self.generator(lr))
        self.combined = keras.Model(lr, [seen(sr), self.discriminator(sr)])
        self.combined.compile(optimizers[1], ["mse", cross_entropy], loss_weights=[1.0, ADVERSARIAL_WEIGHT])
        self.optimizers = optimizers

    def step(self, lr, hr):
        """Train both networks on a batch, LR in [0, 1] and HR in [-1, 1]; returns a dict of the script's numbers."""
        real, fake = np.ones((len(lr), 1)), np.zeros((len(lr), 1))
        sr = self.generator.predict_on_batch(lr)
        self.discriminator.trainable = self.defect != "frozen_discriminator"  # the sound script opens it again
        d_real = self._on_batch(self.discriminator, hr, real)["probability"]
        d_fake = self._on_batch(self.discriminator, sr, fake)["probability"]
        self.discriminator.trainable = False
        losses = self._on_batch(self.combined, lr, [self.features.predict_on_batch(hr), real])
        content, adversarial = losses["features_loss"], losses["discriminator_loss"]
        return {"content": content, "adversarial": adversarial, "d_real": d_real, "d_fake": d_fake}

    def _on_batch(self, model, x, y):
        model.reset_metrics()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the one line in which Keras says that nothing is trainable
            return {name: float(value) for name, value in model.train_on_batch(x, y, return_dict=True).items()}

    def renew(self, config):
        """Begin again, with the weights of the config's seed and the optimizers at step 0."""
        for network, weights in zip((self.generator, self.discriminator), _first_weights(config)):
            network.set_weights(weights)
        for optimizer in self.optimizers:
            for variable in optimizer.variables:
                variable.assign(np.zeros(variable.shape, variable.dtype))


def _networks(config):
    random.seed(config.seed)  # what initialisers draw from
    return generator.build(config), discriminator.build(config)


@functools.lru_cache(maxsize=4)
def _first_weights(config):
    """The weights of both networks as its seed makes them."""
    return [network.get_weights() for network in _networks(config)]


def _adam(config, steps):
    """Adam whose learning rate falls to zero in that many steps of its own."""
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(config.gan_learning_rate, steps))


def _game(config, defect):
    """The compiled game of that kind, as new; games of one shape share it."""
    defect = defect if defect in _COMPILED_IN else None
    shape = dataclasses.replace(config, seed=0)
    if (shape, defect) not in _ready:
        _ready[shape, defect] = Game(config, defect)
    _ready[shape, defect].renew(config)
    return _ready[shape, defect]


def forget():
    """Drop the compiled games, and their memory."""
    _ready.clear()


class Judge:
    """Measures a generator on the centres of photographs, with the script's own LR or with MATLAB's.

    Args:
        photos: iterable of `sources.Photo`, each side at least `side` px.
        antialias, rounds: how LR is made and pictures are saved.
    """

    def __init__(self, photos, antialias=True, rounds=True, side=96):
        self._rounds = rounds
        self.hr = np.stack([_centre(photo.load().rgb, side) for photo in photos])
        self.lr = low(np.stack([patches.with_margin(picture) for picture in self.hr]), antialias, rounds)

    def bicubic(self):
        """The PSNR-Y of bicubic enlargement in dB."""
        return self._psnr(np.stack([bicubic.upscale(picture) for picture in self.lr]))

    def __call__(self, network):
        """The gain of a generator over bicubic in dB."""
        sr = network.predict_on_batch(self.lr.astype("float32") / 255.0)
        return self._psnr(whole((sr + 1.0) * 127.5, self._rounds)) - self.bicubic()

    def _psnr(self, pictures):
        planes = ([protocol.inside(metrics.luma(each)) for each in stack] for stack in (self.hr, pictures))
        return float(np.mean([metrics.psnr(*pair) for pair in zip(*planes)]))


def _centre(image, side):
    top, left = ((size - side) // 2 for size in image.shape[:2])
    return image[top : top + side, left : left + side]


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run shows: `history`, rows for the curves, and `signs`, {vital sign: number} at its end.

    A row has the means since the last one of the feature loss (`content`) and the adversarial loss, of D(HR) and D(SR);
    the gain over bicubic in dB that the script reports on its own test pictures, that a judge finds on unseen ones,
    and that he finds for the averaged weights; and the mean change of each network's weights.
    """

    history: list
    signs: dict


def run(config, train, test, unseen, defect=None):
    """Play the script's game with one of the defects, or with none.

    Args:
        config: `Config` from `laboratory`.
        train, test, unseen: lists of `sources.Photo`: what the script trains on, what it reports its score on, and
            what nobody but the judge ever sees.
        defect: a name in `DEFECTS`, or None.
    Returns:
        `Run`.
    Raises:
        InputError: unknown defect, or "one_optimizer" on JAX, where Keras cannot be talked out of refusing it.
    """
    if defect == "one_optimizer" and keras.backend.backend() == "jax":
        raise InputError("one_optimizer: on JAX Keras refuses this mistake; run it with KERAS_BACKEND=tensorflow")
    ways = {"antialias": known(defect) != "no_antialiasing", "rounds": defect != "truncation"}
    game, photos = _game(config, defect), training_photos(train, test, leak=defect == "leak")
    sampler = patches.PatchSampler([photo.load().rgb for photo in photos], config.hr_patch, config.batch, config.seed)
    watch = _Watch(game, Judge(test, **ways), Judge(unseen, rounds=ways["rounds"]), defect == "inverted_average")
    for index in range(config.gan_steps):
        watch.after(index + 1, game.step(*_pair(sampler(index), **ways)))
        if (index + 1) % config.log_every == 0:
            watch.write()
    signs = {
        "bicubic, by the script (dB)": watch.own.bicubic(),
        "saving an original changes it by (levels)": _saving_error(unseen, ways["rounds"]),
        "test pictures among the training pictures": _twins(photos, test),
        "steps of the generator's optimizer per batch": int(game.optimizers[1].iterations) / config.gan_steps,
        "average's distance from the last weights": _moved(watch.average, game.generator.get_weights()),
    }
    return Run(watch.rows, signs)


def training_photos(train, test, leak=False):
    """The photos to train on; the leak, a folder read with all that is below it, takes those of the test in."""
    return [*train, *test] if leak else list(train)


def _pair(margined, **ways):
    """A batch as the networks take it, LR in [0, 1] and HR in [-1, 1], of uint8 patches with their margin."""
    hr = margined[:, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN].astype("float32") / 127.5 - 1.0
    return low(margined, **ways).astype("float32") / 255.0, hr


class _Watch:
    """Follows a game: the weight average after each step, a row of measures now and then."""

    def __init__(self, game, own, judge, inverted):
        self.game, self.own, self.judge, self._inverted = game, own, judge, inverted
        self.rows, self._pending, self._before = [], [], self._weights()
        self.average = self._before[0]

    def after(self, step, values):
        self.step = step
        self._pending.append(values)
        self.average = averaged(self.average, self.game.generator.get_weights(), inverted=self._inverted)

    def write(self):
        """Make a row of the steps since the last one."""
        before, self._before = self._before, self._weights()
        means = {name: float(np.mean([row[name] for row in self._pending])) for name in self._pending[0]}
        moved = dict(zip(("g_moved", "d_moved"), map(_moved, before, self._before)))
        self.rows.append({"step": self.step, **means, **self._gains(), **moved})
        self._pending.clear()

    def _gains(self):
        generator = self.game.generator
        gains = {"reported": self.own(generator), "judged": self.judge(generator)}
        generator.set_weights(self.average)
        gains["averaged"] = self.judge(generator)
        generator.set_weights(self._before[0])
        return gains

    def _weights(self):
        return self.game.generator.get_weights(), self.game.discriminator.get_weights()


def _moved(before, after):
    """The mean absolute change of weights, two lists of arrays."""
    total = sum(np.abs(new - old).sum() for old, new in zip(before, after))
    return float(total / sum(array.size for array in after))


def _saving_error(photos, rounds):
    """The largest change, in grey levels, of originals that go to [-1, 1], come back and are saved."""
    pictures = [photo.load().rgb for photo in photos]
    saved = [whole((picture / np.float32(127.5) - 1 + 1) * np.float32(127.5), rounds) for picture in pictures]
    return max(float(np.abs(one.astype(float) - other).max()) for one, other in zip(pictures, saved))


def _twins(photos, test):
    """How many test pictures have their very pixels among the photos trained on."""
    pixels = {photo.load().rgb.tobytes() for photo in photos}
    return sum(photo.load().rgb.tobytes() in pixels for photo in test)
