"""Measuring networks: the protocol, all models side by side, robustness, faces, and statistics."""
