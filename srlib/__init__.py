"""Single-image facial super-resolution (×4) with GANs and no face prior: what the notebooks share."""

import os

__version__ = "0.1.0"

# TensorFlow's start-up notices would otherwise stand above every command's own words.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
