"""Curves and smooth fields of the plane, from which drawn faces are made.

A curve is a float64 array (count, 2) of points (u, v); a field is an array of numbers over a grid of points.
"""

from collections.abc import Iterable, Sequence

import numpy as np

Points = np.ndarray | Sequence  # (…, 2): an array, or nested numbers that make one
Grid = Sequence[np.ndarray]  # u and v of each place, two arrays of one shape


def smooth(points: Points, count: int, *, rounds: int = 4) -> np.ndarray:
    """A smooth open curve along points, evenly spaced (Chaikin's corner cutting).

    Args:
        points: (n, 2), the first and the last stay where they are.
        count: how many points the curve has.
        rounds: how often corners are cut.
    Returns:
        float64 (count, 2).
    """
    points = np.asarray(points, float)
    for _ in range(rounds):
        cut = np.stack([0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]], 1)
        points = np.concatenate([points[:1], cut.reshape(-1, 2), points[-1:]])
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    along = np.linspace(0, length[-1], count)
    return np.stack([np.interp(along, length, points[:, 0]), np.interp(along, length, points[:, 1])], 1)


def mirror(points: Points) -> np.ndarray:
    """The points (…, 2) on the other side of the face."""
    return np.asarray(points) * (-1, 1)


def symmetric(right: Sequence[tuple[float, float]], count: int) -> np.ndarray:
    """A smooth curve (count, 2) from left to right, of which the right half is given, from the middle outwards."""
    return smooth([*mirror(right[:0:-1]), *right], count)


def closed(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """The outline between two curves that run the same way."""
    return np.concatenate([upper, lower[::-1]])


def direction(angle: np.ndarray) -> np.ndarray:
    """Unit vectors (…, 2) at angles (…) in radians: 0 points right, π/2 down."""
    return np.stack([np.cos(angle), np.sin(angle)], -1)


def ellipse(centre: Points, radii: Points, *, power: float = 2.0, count: int = 40) -> np.ndarray:
    """The outline (count, 2) of a superellipse: an ellipse at power 2, closer to a rectangle above it."""
    circle = direction(np.linspace(0, 2 * np.pi, count))
    return np.asarray(centre) + np.sign(circle) * np.abs(circle) ** (2 / power) * radii


def hill(grid: Grid, form: Sequence[float]) -> np.ndarray:
    """A Gaussian hill over a grid; `form` is (u, v) of its top, its spread in u and in v, and its height."""
    u, v, spread_u, spread_v, height = form
    return height * np.exp(-0.5 * (((grid[0] - u) / spread_u) ** 2 + ((grid[1] - v) / spread_v) ** 2))


def hills(grid: Grid, forms: Iterable[Sequence[float]]) -> np.ndarray:
    """The sum of Gaussian hills over a grid; see `hill`."""
    total = np.zeros_like(grid[0])
    for form in forms:
        total += hill(grid, form)
    return total


def both_sides(forms: Iterable[Sequence[float]]) -> list[tuple[float, ...]]:
    """Each hill and its mirror image."""
    return [(side * u, *rest) for u, *rest in forms for side in (-1, 1)]


def step(values: np.ndarray, edge: float = 0.0, *, width: float) -> np.ndarray:
    """A smooth step: 0 where values lie below the edge, 1 above it, the change spread over `width`."""
    place = np.clip((values - edge) / width + 0.5, 0, 1)
    return place * place * (3 - 2 * place)
