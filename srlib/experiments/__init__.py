"""Comparing many trainings: plans, the runner, the analysis and its verdicts, and searches."""
