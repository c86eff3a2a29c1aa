"""One way to compile: every loop of the course goes through `compiled`."""

import tensorflow as tf


def compiled(fn, *example_args, jit_compile=True):
    """`fn` as one TensorFlow graph for arguments like the examples, by default through XLA.

    The graph is traced here, once. (Calling a fresh `tf.function` instead of its concrete function
    does the same work, but TensorFlow warns after the fifth such call in a session.)
    """
    function = tf.function(fn, jit_compile=jit_compile, autograph=False)
    return function.get_concrete_function(*example_args)
