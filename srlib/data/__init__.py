"""Data sets: sources, patches, downloads, checks, and degradations."""
