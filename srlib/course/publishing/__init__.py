"""Publishing: the site, README tables, model cards and pages, all generated from records."""
