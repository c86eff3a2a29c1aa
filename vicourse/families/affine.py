"""Where the richer families live: a shape near N(0, I), carried to the latents by an affine map.

    z = T(loc + L v),   v = f(ε),   ε ~ base

T is `model.flat_bijector`, L is lower triangular with positive diagonal, and loc and L are trained
together with f and the base. With v ~ N(0, I) this is the full-rank Gaussian; so whatever a family
adds in v, its best ELBO is never below that of `full_rank`.
"""

import tensorflow_probability as tfp

from vicourse.families.start import start_loc, start_tril

tfb = tfp.bijectors
tfd = tfp.distributions


def trained(value, bijector, name):
    """A variable that starts at `value` = bijector(raw); the optimizer moves raw."""
    return tfp.util.TransformedVariable(value, bijector, dtype=value.dtype, name=name)


def trained_loc(loc, tril):
    """loc = loc₀ + L₀·raw, raw = 0 at the start."""
    return trained(loc, tfb.Shift(loc)(tfb.ScaleMatvecTriL(tril)), "loc")


def trained_tril(tril):
    """L = L₀·T(raw), T(0) = I. A product of lower-triangular matrices is lower triangular."""
    # The bijector multiplies rows, and column j of L is L₀ times column j of T: hence transposes.
    transpose = tfb.Transpose(rightmost_transposed_ndims=2)
    times_start = tfb.Chain([transpose, tfb.ScaleMatvecTriL(tril), transpose])
    triangle = tfb.FillScaleTriL(diag_bijector=tfb.Exp(), diag_shift=None)
    return trained(tril, tfb.Chain([times_start, triangle]), "scale")


def carried(space, base, layers, initial_loc, initial_scale, name):
    """The distribution of T(loc + L f(ε)), ε ~ base.

    Args:
        space: a `LatentSpace`.
        base: a TFP distribution over R^dim, about N(0, I) at the start.
        layers: bijectors of R^dim, the first to act first; f is their composition.
        initial_loc, initial_scale: where loc and L start, as for `full_rank`.
        name: the distribution's name.

    Returns:
        A trainable `tfd.TransformedDistribution` q; `q.distribution` is the one on R^dim.
    """
    loc, tril = start_loc(space, initial_loc, None), start_tril(space, initial_scale)
    affine = [tfb.Shift(trained_loc(loc, tril)), tfb.ScaleMatvecTriL(trained_tril(tril))]
    on_real_space = tfd.TransformedDistribution(base, tfb.Chain([*affine, *reversed(layers)]))
    return tfd.TransformedDistribution(on_real_space, space.bijector, name=name)
