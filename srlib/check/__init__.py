"""Exercise checks: `check.<exercise>(answer)` says "correct" or gives a hint; it never raises and never blocks.

Each notebook has a module here; its checks are gathered below under their own names.
"""
