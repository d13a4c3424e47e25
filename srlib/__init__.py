"""Single-image facial super-resolution (×4) with GANs and no face prior: what the notebooks share."""

import os

__version__ = "0.1.0"

# TensorFlow's own notices would stand among every command's words; what matters comes as an exception anyway.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
