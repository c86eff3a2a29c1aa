"""Grey images to bits: fixed, dynamic or thresholded. A Bernoulli likelihood is a density of bits.

The three make three different data sets. On the same model they move a log-likelihood by about
2 nats an image (86.76 dynamic against 88.71 fixed in Burda et al. 2015, arXiv 1509.00519, one
stochastic layer, k = 1), so name the kind beside every figure and compare within one kind only.
"""

import numpy as np

from vicourse.validation import argument_error, check_choice, check_integer

_WANTED = "uint8 images (0 to 255) or floating-point images within [0, 1]"
_RANGE_REMEDY = "Divide grey values by 255; remove NaN."
_BITS_REMEDY = "No value is above 1: these look like bits already. Use them as they are."
_TYPE_REMEDY = "Convert whole grey values: `images.astype(np.uint8)`."
_BLOCK = 2**20  # pixels drawn at a time: bounds the memory, does not change the draws


def binarize(images, how, seed=None):
    """Images of 0s and 1s, by one of three recipes that must not be mixed in one comparison.

    Args:
        images: grey images of any shape: uint8 (0 to 255) or floating point within [0, 1].
        how: "fixed" (`binarize_fixed`), "dynamic" (`binarize_dynamic`) or "threshold"
            (`binarize_threshold`).
        seed: for "fixed" and "dynamic"; "threshold" draws nothing and takes none.

    Returns:
        The bits, in the shape of `images`: a uint8 array for "fixed" and "threshold", a float32
        tensor for "dynamic".

    Raises:
        TypeError, ValueError: images of another dtype or range, bits among them; a seed missing,
            or given to "threshold".

    Chapter: deep/vae_mnist
    """
    check_choice("how", how, ["fixed", "dynamic", "threshold"])
    if how == "fixed":
        return binarize_fixed(images, seed)
    if how == "dynamic":
        return binarize_dynamic(images, seed)
    if seed is not None:
        raise argument_error(
            "seed", seed, "None for 'threshold'", "It draws nothing: leave it out."
        )
    return binarize_threshold(images)


def binarize_fixed(images, seed):
    """Bits drawn once: bit ~ Bernoulli(x / 255), for each pixel on its own.

    For the likelihood: one data set of bits for ever, so that its Bernoulli log-likelihood is
    exact and repeatable. It compares only with figures on the very same bits. The draw of a seed
    is NumPy's PCG64 stream, pixel after pixel in C order: the same bits on every platform, and
    the first images' bits do not depend on how many follow. Give the test set a seed of its own.

    Args:
        images: grey images of any shape: uint8 (0 to 255) or floating point within [0, 1].
        seed: an integer of at least 0.

    Returns:
        uint8 array of 0s and 1s, in the shape of `images`.

    Raises:
        TypeError, ValueError: as for `binarize`.

    Chapter: deep/vae_mnist
    """
    probabilities = pixel_probabilities(images)
    rng = np.random.Generator(np.random.PCG64(check_integer("seed", seed, minimum=0)))
    bits = np.empty(probabilities.size, np.uint8)
    flat = probabilities.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        block = flat[start : start + _BLOCK]
        # Ink where the uniform is *below* the grey value: the other way round inverts the picture.
        bits[start : start + _BLOCK] = rng.random(block.size) < block
    return bits.reshape(probabilities.shape)


def binarize_dynamic(images, seed):
    """Fresh bits for each seed: bit ~ Bernoulli(x / 255). Works inside `tf.function`.

    For the likelihood: with a new seed at each step, training sees new bits every epoch, and the
    objective is the expected log-likelihood over draws, E[log p(bits)]. A test figure is then
    itself a Monte Carlo number: say the seed. Fresh bits also guard against overfitting, which
    is one reason why such figures look better than those on fixed bits. The same seed gives the
    same bits in eager mode and in `tf.function`, but others under `jit_compile`: XLA has its own
    random stream.

    Args:
        images: grey images, array or tensor of any shape: uint8 (0 to 255) or floating point
            within [0, 1].
        seed: an integer, or a stateless seed (two integers, tensors included).

    Returns:
        float32 tensor of 0s and 1s, in the shape of `images`.

    Raises:
        TypeError, ValueError: as for `binarize`. Inside `tf.function` a value out of range is an
            `InvalidArgumentError` when the function runs, and goes unseen under `jit_compile`.

    Chapter: deep/vae_mnist
    """
    import tensorflow as tf

    from vicourse.seeds import as_seed

    images = tf.convert_to_tensor(images)
    if images.dtype != tf.uint8 and not images.dtype.is_floating:
        raise argument_error("images", images, _WANTED, _TYPE_REMEDY, TypeError)
    _check_tensor_values(images)
    grey = tf.cast(images, tf.float32)
    probabilities = grey / 255.0 if images.dtype == tf.uint8 else grey
    uniforms = tf.random.stateless_uniform(tf.shape(images), as_seed(seed))
    return tf.cast(uniforms < probabilities, tf.float32)


def binarize_threshold(images):
    """Bits without chance: 1 where x / 255 > 0.5, that is x > 127.

    For the likelihood: an easier data set, without the noise of the edges. Its log-likelihoods
    compare with no figure on drawn bits.

    Args:
        images: grey images of any shape: uint8 (0 to 255) or floating point within [0, 1].

    Returns:
        uint8 array of 0s and 1s, in the shape of `images`.

    Raises:
        TypeError, ValueError: as for `binarize`.

    Chapter: deep/vae_mnist
    """
    return (pixel_probabilities(images) > 0.5).astype(np.uint8)


def pixel_probabilities(images):
    """Grey values as probabilities of ink: x / 255.

    They are means of bits, not bits: a Bernoulli likelihood of grey values is not normalised.

    Args:
        images: grey images of any shape: uint8 (0 to 255), or floating point within [0, 1],
            which stay as they are.

    Returns:
        float32 array within [0, 1], in the shape of `images`.

    Raises:
        TypeError, ValueError: as for `binarize`.

    Chapter: deep/vae_mnist
    """
    images = _check_images(images)
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255)
    return images.astype(np.float32)


def _check_images(images):
    try:
        array = np.asarray(images)
    except NotImplementedError as error:  # a symbolic tensor
        remedy = "Inside `tf.function`, use `binarize_dynamic`; call the others before it."
        raise argument_error("images", images, "an array with values", remedy, TypeError) from error
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise argument_error("images", array, _WANTED, _TYPE_REMEDY, TypeError)
    if array.size == 0:
        raise argument_error("images", array, "at least one pixel")
    if array.dtype == np.uint8 and array.max() == 1:
        raise ValueError(f"`images`: wanted {_WANTED}, got 0s and 1s. {_BITS_REMEDY}")
    if array.dtype.kind == "f" and not np.all((array >= 0) & (array <= 1)):
        got = f"values from {array.min():g} to {array.max():g}"
        raise ValueError(f"`images`: wanted {_WANTED}, got {got}. {_RANGE_REMEDY}")
    return array


def _check_tensor_values(images):
    """The same checks of values, for a tensor: at once if it has values, else when it runs."""
    import tensorflow as tf

    if tf.is_symbolic_tensor(images):
        if images.dtype == tf.uint8:
            fine, remedy = tf.reduce_max(images) != 1, _BITS_REMEDY
        else:
            fine, remedy = tf.reduce_all((images >= 0) & (images <= 1)), _RANGE_REMEDY
        tf.debugging.Assert(fine, [f"`images`: wanted {_WANTED}. {remedy}"])
    else:
        _check_images(images)
