"""Runs optimizers over given gradients in a process of its own, since one process has one Keras and one backend.

python optimizer_runs.py RULE CASES.json GRADIENTS.npz OUT.npz, where RULE is "srlib", "adabelief-tf" or "optax", and
CASES maps names to settings of `adabelief.AdaBelief`. OUT holds the variable after each step of each case.
"""

import json
import sys

import numpy as np


def srlib_trajectory(gradients, start, settings):
    """Every value of a variable that `adabelief.AdaBelief` trains: (steps, *shape)."""
    import keras

    from srlib.training import adabelief

    optimizer = adabelief.AdaBelief(**_schedules(settings, keras))
    variable = keras.Variable(start, dtype=str(start.dtype))
    values = []
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        values.append(keras.ops.convert_to_numpy(variable).copy())
    return np.stack(values)


def adabelief_tf_trajectory(gradients, start, settings):
    """The same of adabelief-tf, whose base class has moved: it runs on tf_keras's legacy optimizers."""
    import tensorflow as tf

    tf.keras.optimizers.Optimizer = tf.keras.optimizers.legacy.Optimizer
    import adabelief_tf

    settings = _schedules(settings, tf.keras)
    optimizer = adabelief_tf.AdaBeliefOptimizer(print_change_log=False, **settings)
    variable = tf.Variable(start)
    values = []
    for gradient in gradients:
        optimizer.apply_gradients([(tf.constant(gradient), variable)])
        values.append(variable.numpy())
    return np.stack(values)


def optax_trajectory(gradients, start, settings):
    """The same of optax, which has neither rectification nor AMSGrad."""
    import jax
    import optax

    epsilon, rate = settings["epsilon"], settings["learning_rate"]
    belief = optax.scale_by_belief(settings.get("beta_1", 0.9), settings.get("beta_2", 0.999), epsilon, epsilon)
    decay = optax.add_decayed_weights(settings.get("weight_decay", 0.0))
    rule = optax.chain(belief, decay, optax.scale_by_learning_rate(rate))
    value = jax.numpy.asarray(start)
    state, values = rule.init(value), []
    for gradient in gradients:
        updates, state = rule.update(jax.numpy.asarray(gradient), state, value)
        value = optax.apply_updates(value, updates)
        values.append(np.asarray(value))
    return np.stack(values)


def _schedules(settings, keras):
    """The settings with each {"cosine": [first value, steps]} as that Keras's own schedule."""
    cosine = keras.optimizers.schedules.CosineDecay
    return {key: cosine(*value["cosine"]) if isinstance(value, dict) else value for key, value in settings.items()}


RULES = {"srlib": srlib_trajectory, "adabelief-tf": adabelief_tf_trajectory, "optax": optax_trajectory}

if __name__ == "__main__":
    rule, cases, gradients, out = sys.argv[1:]
    with open(cases) as file:
        cases = json.load(file)
    with np.load(gradients) as arrays:
        gradients, start = arrays["gradients"], arrays["start"]
    np.savez(out, **{name: RULES[rule](gradients, start, settings) for name, settings in cases.items()})
