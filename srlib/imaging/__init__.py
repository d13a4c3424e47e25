"""Pictures: resampling, pixel ranges, tiles, files, measures of two pictures, and figures."""
