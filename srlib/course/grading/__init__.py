"""Grading: a folder of submissions, each run in a process of its own behind fences."""
