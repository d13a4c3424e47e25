"""What several test modules share."""

import os
import pathlib

import pytest


@pytest.fixture(scope="session")
def data_root():
    """The folder of real pictures: SRLIB_DATA_ROOT, or ../shared/data beside the repository; skips if absent."""
    beside = pathlib.Path(__file__).parents[2] / "shared" / "data"
    root = pathlib.Path(os.environ.get("SRLIB_DATA_ROOT") or beside)
    if not root.is_dir():
        pytest.skip(f"no real pictures: {root} is absent (set SRLIB_DATA_ROOT)")
    return root
