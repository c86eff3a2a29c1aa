"""Stochastic gradient ascent with Adam, compiled, in windows of 200 steps."""

import functools

import keras
import numpy as np
import tensorflow as tf

from vicourse.compiled import compiled
from vicourse.seeds import as_seed, fold_in, split_seed

WINDOW = 200
EVALUATION_SAMPLES = 1000


class Ascent:
    """The state of one optimization: the variables of q, Adam's memory, the trace.

    Attributes:
        trace: the objective at each step so far, nats.
        learning_rate: the present step size.
    """

    def __init__(
        self,
        target_log_prob_fn,
        surrogate_posterior,
        *,
        estimator,
        num_samples,
        learning_rate,
        seed,
        jit_compile,
    ):
        self.trace = []
        self.learning_rate = learning_rate
        self._variables = surrogate_posterior.trainable_variables
        self._step_seed, self._evaluation_seed = split_seed(seed)
        self._optimizer = keras.optimizers.Adam(learning_rate)
        self._optimizer.build(self._variables)

        self._estimates = functools.partial(estimator, target_log_prob_fn, surrogate_posterior)

        def step(seed):
            values, gradients = self._estimates(num_samples, seed)
            self._optimizer.apply([-gradient for gradient in gradients], self._variables)
            return tf.reduce_mean(values), gradients

        self._window = compiled(
            lambda seed: window(step, self._variables, seed), as_seed(0), jit_compile=jit_compile
        )

    def climb(self, num_windows):
        """Takes `num_windows` × 200 steps.

        Returns:
            The objective at each step, nats, and the averages of the variables over the steps.

        Raises:
            FloatingPointError: a number was not finite; the variables are put back.
        """
        first, averages = len(self.trace), None
        for count in range(num_windows):
            before = [variable.numpy() for variable in self._variables]
            trace, faults, means = self._window(fold_in(self._step_seed, len(self.trace)))
            if np.any(faults.numpy() >= 0):
                self.set_variables(before)
                raise FloatingPointError(self._describe_fault(faults.numpy()))
            self.trace.extend(trace.numpy())
            means = [mean.numpy() for mean in means]
            old = averages or means
            averages = [a + (m - a) / (count + 1) for a, m in zip(old, means, strict=True)]
        return np.array(self.trace[first:]), averages

    def set_variables(self, values):
        _assign(self._variables, values)

    @property
    def memory(self):
        """NumPy arrays: the variables of q, and Adam's (step count, step size, moments)."""
        return [np.asarray(variable) for variable in self._remembered]

    def go_back(self, memory, trace, learning_rate):
        """To a state that was before."""
        _assign(self._remembered, memory)
        self.trace = list(trace)
        self.set_learning_rate(learning_rate)

    @property
    def _remembered(self):
        return [*self._variables, *self._optimizer.variables]

    def set_learning_rate(self, learning_rate):
        self.learning_rate = learning_rate
        self._optimizer.learning_rate.assign(learning_rate)

    def evaluate(self):
        """1000 values of the objective, [1000], nats; with the same noise at every call."""
        return self._evaluate(self._evaluation_seed).numpy()

    @functools.cached_property
    def _evaluate(self):
        # Called once for each step size: too seldom to be worth XLA's time.
        def evaluate(seed):
            return self._estimates(EVALUATION_SAMPLES, seed)[0]

        return compiled(evaluate, as_seed(0), jit_compile=False)

    def _describe_fault(self, faults):
        step = int(np.argmax(faults >= 0))
        names = [variable.name.split(":")[0] for variable in self._variables]
        what = [*(f"the gradient of the variable {name!r}" for name in names), "the objective"]
        return (
            f"Step {len(self.trace) + step}: {what[faults[step]]} is not finite. Try a smaller "
            f"`learning_rate` (now {self.learning_rate:g}), more `num_samples`, or dtype float64; "
            "check that `model.log_joint` is finite at the draws of `error.fit.sample(1000, 0)`, "
            "the last good state."
        )


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def window(step, variables, seed):
    """`WINDOW` steps as one loop: objective [WINDOW], faults [WINDOW], averages of the variables.

    A fault is the place of the first variable whose gradient is not finite, the number of variables
    if only the objective is not finite, and −1 if all is well.
    """

    def body(i, trace, faults, sums):
        objective, gradients = step(fold_in(seed, i))
        fine = [tf.reduce_all(tf.math.is_finite(part)) for part in (*gradients, objective)]
        fault = tf.where(
            tf.reduce_all(fine), -1, tf.argmin(tf.cast(fine, tf.int32), output_type=tf.int32)
        )
        sums = [total + variable for total, variable in zip(sums, variables, strict=True)]
        return i + 1, trace.write(i, objective), faults.write(i, fault), sums

    dtype = variables[0].dtype
    start = (
        0,
        tf.TensorArray(dtype, WINDOW),
        tf.TensorArray(tf.int32, WINDOW),
        [tf.zeros_like(variable) for variable in variables],
    )
    _, trace, faults, sums = tf.while_loop(
        lambda i, *_: i < WINDOW, body, start, maximum_iterations=WINDOW
    )
    return trace.stack(), faults.stack(), [total / WINDOW for total in sums]
