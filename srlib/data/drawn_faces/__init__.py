"""Faces drawn by a seeded renderer, for where many faces are needed and none may be shown."""
