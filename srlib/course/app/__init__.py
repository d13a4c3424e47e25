"""The demo: a photo cropped, enlarged and compared, in a notebook or as a page."""
