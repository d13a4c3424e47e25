"""Exercise checks: `check.<exercise>(answer)` says "correct" or gives a hint; it never raises and never blocks.

Each notebook has a module here; its checks are gathered below under their own names.
"""

from srlib.check.dataset import cubic_kernel, find_leaks, lr_size  # noqa: F401
from srlib.check.datasets import claims_from_matrix, power_above, share_of_faces  # noqa: F401
from srlib.check.debugging import loud_cases, saved_pixels, silent_cases  # noqa: F401
from srlib.check.discriminator import (  # noqa: F401
    discriminator_dense_layer,
    discriminator_diagnosis,
    discriminator_loss_from_logits,
)
from srlib.check.faces import fair_use, twins_below, worst_group  # noqa: F401
from srlib.check.generator import generator_reach, k3n64_parameters, pixel_shuffle  # noqa: F401
from srlib.check.losses import adversarial_from_logits, gan_curves, mse_plus_dssim  # noqa: F401
from srlib.check.losses_ablation import balancing_weight, flat_ssim, what_it_shows  # noqa: F401
from srlib.check.optimizers_ablation import adabelief_step, holm, unfair  # noqa: F401
from srlib.check.photo import difference_map, good_uses  # noqa: F401
from srlib.check.reproduction import paired_gain, two_averages, wrong_protocols  # noqa: F401
from srlib.check.start import best_guess, psnr_from_mse, unknowns_per_known  # noqa: F401
from srlib.check.tuning import believable_searches, successive_halving, trials_for_a_hit  # noqa: F401
