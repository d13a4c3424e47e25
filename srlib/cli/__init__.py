"""The `srlib` command."""
