"""Losses of both networks, on HR and SR in [-1, 1] and on logits; each returns a float32 scalar."""

import functools
from collections.abc import Callable

import keras
from keras import ops

from srlib.config import did_you_mean
from srlib.errors import InputError
from srlib.files import PathLike
from srlib.imaging import metrics, pixel_ranges
from srlib.imaging.pixel_ranges import Tensor


def mse(hr: Tensor, sr: Tensor) -> Tensor:
    """Mean squared error, mean((HR - SR)²): the content loss of SRResNet (Ledig et al. 2017, equation 4).

    Args:
        hr, sr: float (batch, height, width, 3) in [-1, 1].
    """
    return ops.mean(ops.square(ops.cast(hr, "float32") - ops.cast(sr, "float32")))


def mae(hr: Tensor, sr: Tensor) -> Tensor:
    """Mean absolute error, mean(|HR - SR|), arguments as `mse`."""
    return ops.mean(ops.abs(ops.cast(hr, "float32") - ops.cast(sr, "float32")))


def dssim(hr: Tensor, sr: Tensor) -> Tensor:
    """Structural dissimilarity, (1 - SSIM) / 2 with SSIM over [0, 1] images, arguments as `mse`; between 0 and 1.

    Source: Wang et al., "Image quality assessment: from error visibility to structural similarity", IEEE TIP 2004.
    """
    similarity = metrics.ssim(pixel_ranges.unit_from_hr(hr), pixel_ranges.unit_from_hr(sr))
    return (1.0 - ops.mean(similarity)) / 2.0


def mse_dssim(hr: Tensor, sr: Tensor, *, alpha: float = 0.1) -> Tensor:
    """MSE + alpha · DSSIM, arguments as `mse`; MSE over [-1, 1] is four times that over [0, 1], where DSSIM is taken.

    Source: the mixture follows Zhao et al., "Loss functions for image restoration with neural networks", IEEE TCI 2017.
    """
    return mse(hr, sr) + alpha * dssim(hr, sr)


def mae_dssim(hr: Tensor, sr: Tensor, *, alpha: float = 0.1) -> Tensor:
    """L1 + alpha · DSSIM, arguments and source as `mse_dssim`."""
    return mae(hr, sr) + alpha * dssim(hr, sr)


def adversarial(fake_logits: Tensor) -> Tensor:
    """The generator's adversarial loss, mean(-log D(SR)) (Ledig et al. 2017, equation 6).

    Args:
        fake_logits: float (batch, 1), the discriminator's logits for SR. -log sigmoid(x) = softplus(-x).
    """
    return ops.mean(ops.softplus(-ops.cast(fake_logits, "float32")))


def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """The discriminator's loss, mean(-log D(HR)) + mean(-log(1 - D(SR))) (Goodfellow et al. 2014, equation 1).

    Args:
        real_logits, fake_logits: float (batch, 1). -log(1 - sigmoid(x)) = softplus(x).
    """
    return adversarial(real_logits) + ops.mean(ops.softplus(ops.cast(fake_logits, "float32")))


class VGG:
    """Feature loss: MSE between VGG19 features of HR and SR, divided by 12.75² (Ledig et al. 2017, equation 5).

    Args:
        layer: name of the VGG19 layer, "block5_conv4" for the paper's φ5,4; its features are taken after the ReLU.
        weights: "imagenet" (downloaded by Keras, 80 MB) or the path of a weights file.
    Raises:
        InputError: the weights cannot be downloaded.
    """

    def __init__(self, layer: str = "block5_conv4", weights: PathLike | None = "imagenet") -> None:
        try:
            vgg = keras.applications.VGG19(include_top=False, weights=weights, input_shape=(None, None, 3))
        except Exception as error:  # urllib, socket and Keras each raise their own
            message = f"VGG19's weights are not to be had ({error}): train with content_loss mse, or give a local file"
            raise InputError(message) from error
        self._features = keras.Model(vgg.input, vgg.get_layer(layer).output)
        self._features.trainable = False

    def __call__(self, hr: Tensor, sr: Tensor) -> Tensor:
        real, fake = (self._features(_vgg_input(image), training=False) for image in (hr, sr))
        return ops.mean(ops.square(ops.cast(real, "float32") - ops.cast(fake, "float32"))) / 12.75**2


def _vgg_input(image: Tensor) -> Tensor:
    """HR in [-1, 1] as VGG19 was trained: BGR, 0..255 less the ImageNet mean, not scaled."""
    mean = ops.array([103.939, 116.779, 123.68], "float32")
    return ops.flip(pixel_ranges.pixels_from_hr(image), axis=-1) - mean


MIXED = {"mse+dssim": mse_dssim, "mae+dssim": mae_dssim}
CONTENT = {"mse": mse, "mae": mae, "dssim": dssim, **MIXED, "vgg": VGG}


def content(name: str, dssim_weight: float = 0.1) -> Callable[[Tensor, Tensor], Tensor]:
    """The content loss of that name, a function of (HR, SR).

    Args:
        name: "mse", "mae" (L1), "dssim", "mse+dssim", "mae+dssim" or "vgg".
        dssim_weight: alpha of the two mixtures; the others ignore it.
    Raises:
        InputError: unknown name.
    """
    if name not in CONTENT:
        raise InputError(f"unknown content loss {name!r}{did_you_mean(name, CONTENT)}; known: {', '.join(CONTENT)}")
    if name in MIXED:
        return functools.partial(MIXED[name], alpha=dssim_weight)
    return _vgg() if name == "vgg" else CONTENT[name]


@functools.cache
def _vgg() -> VGG:
    """One VGG for the whole process: it is large and never changes."""
    return VGG()
