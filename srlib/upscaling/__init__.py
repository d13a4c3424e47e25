"""Using a trained generator: model files, enlarging pictures, and export to other formats."""
