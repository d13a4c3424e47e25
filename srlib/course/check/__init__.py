"""Exercise checks, a module for each notebook: a check says "correct" or gives a hint; it never raises."""
