"""The three recipes for a reparameterization, by the distribution's name.

Source: Kingma & Welling (2014), section 2.4.
Chapter: deep/aevb
"""

import inspect

import tensorflow as tf

from vicourse.gradients import composition_recipe, inverse_cdf_recipe, location_scale_recipe
from vicourse.validation import argument_error, check_choice

#: The reparameterizations by name: what `reparameterization` knows, recipe by recipe.
#:
#: Chapter: deep/aevb
REPARAMETERIZATIONS = {
    build.__name__: build
    for build in (
        inverse_cdf_recipe.exponential,
        inverse_cdf_recipe.cauchy,
        inverse_cdf_recipe.logistic,
        inverse_cdf_recipe.rayleigh,
        inverse_cdf_recipe.pareto,
        inverse_cdf_recipe.weibull,
        inverse_cdf_recipe.reciprocal,
        inverse_cdf_recipe.gompertz,
        inverse_cdf_recipe.gumbel,
        location_scale_recipe.normal,
        location_scale_recipe.laplace,
        location_scale_recipe.student_t,
        location_scale_recipe.uniform,
        location_scale_recipe.triangular,
        location_scale_recipe.multivariate_normal,
        composition_recipe.log_normal,
        composition_recipe.gamma,
        composition_recipe.dirichlet,
        composition_recipe.beta,
        composition_recipe.chi_squared,
        composition_recipe.f,
    )
}


def reparameterization(name, *, dtype=tf.float64, **structure):
    """The reparameterization of the distribution called `name`: z = g_φ(ε).

    Args:
        name: one of `REPARAMETERIZATIONS`.
        dtype: `tf.float64` or `tf.float32`.
        structure: what shapes the noise and cannot be differentiated, where there is such:
            "student_t": `df`, a number; "multivariate_normal": `dim`;
            numbers of terms, integers: "gamma": `concentration`; "dirichlet": `concentration`, a
            list; "beta": `concentration1`, `concentration0`; "chi_squared": `df`; "f": `df1`,
            `df2`.

    Returns:
        A `Reparameterization`, whose `parameters` go by TFP's names where TFP has the
        distribution.

    Raises:
        ValueError: an unknown name, or a structure out of range.
        TypeError: a structure that this distribution does not take or lacks.

    Source: Kingma & Welling (2014), section 2.4.
    Chapter: deep/aevb
    """
    build = REPARAMETERIZATIONS[check_choice("name", name, REPARAMETERIZATIONS)]
    dtype = tf.as_dtype(dtype)
    check_choice("dtype", dtype.name, ["float32", "float64"])
    wanted = list(inspect.signature(build).parameters)[1:]  # without the dtype
    if set(structure) != set(wanted):
        words = ", ".join(wanted) or "nothing but a name"
        raise argument_error("structure", list(structure), words, kind=TypeError)
    return build(dtype, **structure)
