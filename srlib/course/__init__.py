"""The course's own tooling: notebooks, exercise checks, grading, publishing and the demo."""
