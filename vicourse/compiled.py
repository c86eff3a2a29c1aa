"""One way to compile: every loop of the course goes through `compiled`.

Chapter: algorithms/vi_vs_mcmc, deep/aevb
"""

import functools
import os

import tensorflow as tf

__all__ = ["compiled"]


def compiled(fn, *example_args, jit_compile=True, autograph=False):
    """`fn` as one TensorFlow graph for arguments like the examples, by default through XLA.

    The graph is traced here, once. (Calling a fresh `tf.function` instead of its concrete function
    does the same work, but TensorFlow warns after the fifth such call in a session.)

    Args:
        fn: a function of tensors.
        example_args: tensors, or a `tf.TensorSpec` for each.
        jit_compile: whether XLA compiles the graph.
        autograph: whether `for` and `if` over tensors in `fn` become part of the graph.

    Returns:
        A function that takes such arguments and returns what `fn` does.
    """
    if jit_compile:
        _take_xlas_greeting()
    function = tf.function(fn, jit_compile=jit_compile, autograph=autograph)
    return function.get_concrete_function(*example_args)


@functools.cache
def _take_xlas_greeting():
    """Let XLA say once, into the void, that it compiled something.

    It writes that line to standard error at its first use, whatever the log level, where a reader
    would take it for a warning.
    """
    greet = tf.function(lambda: tf.constant(0.0), jit_compile=True).get_concrete_function()
    try:
        real_stderr = os.dup(2)
    except OSError:  # there is none to keep quiet
        return
    try:
        with open(os.devnull, "w") as void:
            os.dup2(void.fileno(), 2)
        greet()
    finally:
        os.dup2(real_stderr, 2)
        os.close(real_stderr)
