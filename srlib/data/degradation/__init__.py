"""Degradations: from a high-resolution picture to the low-resolution input, on the device and in NumPy."""
