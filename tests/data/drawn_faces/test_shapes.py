"""Curves and smooth fields: hand-worked values."""

import numpy as np

from srlib.data.drawn_faces import shapes


def test_a_smooth_curve_keeps_its_ends_and_its_points_are_evenly_spaced():
    curve = shapes.smooth([(0, 0), (1, 0), (1, 1)], 50)
    steps = np.hypot(*np.diff(curve, axis=0).T)
    assert np.allclose(curve[[0, -1]], [(0, 0), (1, 1)])
    assert np.allclose(steps, steps.mean(), rtol=0.02)


def test_one_round_cuts_each_corner_at_a_quarter():
    corner = shapes.smooth([(0, 0), (4, 0), (4, 4)], 1000, rounds=1)
    assert corner[:, 0].max() <= 4
    assert np.abs(corner - (3.5, 0.5)).sum(axis=1).min() < 0.02  # the middle of the cut from (3, 0) to (4, 1)


def test_a_symmetric_curve_is_its_own_mirror_image():
    curve = shapes.symmetric([(0.0, -1.0), (1.0, -0.5), (1.2, 0.0)], 41)
    assert np.allclose(curve, shapes.mirror(curve)[::-1])
    assert np.allclose(curve[[0, -1]], [(-1.2, 0), (1.2, 0)])


def test_the_outline_between_two_curves_goes_forth_and_back():
    outline = shapes.closed(np.array([(0, 0), (1, 0)]), np.array([(0, 1), (1, 1)]))
    assert outline.tolist() == [[0, 0], [1, 0], [1, 1], [0, 1]]


def test_directions_turn_from_right_to_down():
    assert np.allclose(shapes.direction(np.array([0, np.pi / 2])), [(1, 0), (0, 1)])


def test_power_two_is_an_ellipse_and_more_fills_the_corners():
    ellipse, squarer = (shapes.ellipse((1.0, 2.0), (3.0, 2.0), power=power, count=41) for power in (2.0, 4.0))
    assert np.allclose((((ellipse - (1, 2)) / (3, 2)) ** 2).sum(axis=1), 1)
    assert np.allclose((((squarer - (1, 2)) / (3, 2)) ** 4).sum(axis=1), 1)


def test_a_hill_has_its_height_at_the_top_and_falls_as_a_gaussian():
    grid = np.array([0.0, 2.0]), np.array([1.0, 1.0])
    assert np.allclose(shapes.hill(grid, (0.0, 1.0, 2.0, 5.0, 3.0)), [3, 3 * np.exp(-0.5)])


def test_hills_add_up_and_have_mirror_images():
    grid = np.array([-1.0, 0.0, 1.0]), np.zeros(3)
    forms = shapes.both_sides([(1.0, 0.0, 0.1, 0.1, 2.0)])
    assert forms == [(-1, 0, 0.1, 0.1, 2), (1, 0, 0.1, 0.1, 2)]
    assert np.allclose(shapes.hills(grid, [*forms, (0.0, 0.0, 0.1, 0.1, 5.0)]), [2, 5, 2])


def test_a_step_is_half_way_at_its_edge_and_done_half_a_width_beyond():
    values = np.array([1.0, 2.0, 3.0, 3.5, 4.0, 9.0])
    assert np.allclose(shapes.step(values, 3.0, width=2.0), [0, 0, 0.5, 0.84375, 1, 1])  # 0.75² · (3 - 1.5)
