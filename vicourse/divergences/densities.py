"""Log densities that know their support, and the checks that two distributions can be compared.

TFP does not promise log p(x) = −∞ outside the support: by default `tfd.Exponential(1.)` gives the
log density +1 at x = −1, and `tfd.Gamma` gives NaN. A divergence must not believe either, so
`log_density` masks with the support: for a continuous distribution the image of its event-space
bijector, for a discrete one the range of integers below.
"""

import re

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.validation import argument_error

tfd = tfp.distributions

# The last integer of the support; the first is 0.
_LAST_ATOM = {
    tfd.Bernoulli: lambda p: 1,
    tfd.Categorical: lambda p: p.probs_parameter().shape[-1] - 1,
    tfd.Binomial: lambda p: p.total_count,
    tfd.BetaBinomial: lambda p: p.total_count,
    tfd.Poisson: lambda p: np.inf,
    tfd.Geometric: lambda p: np.inf,
    tfd.NegativeBinomial: lambda p: np.inf,
}
# Parameters for which infinity is a value: log odds of certainty, ends of a range.
_MAY_BE_INFINITE = {"logits", "low", "high"}


def log_density(p, x):
    """log p(x) in nats, and −∞ outside the support of p.

    Args:
        p: a TFP distribution.
        x: points, shape [n, *event_shape].

    Returns:
        A float64 NumPy array of shape [n] (or [n, k] where p is k distributions).

    Raises:
        ValueError: log p is NaN at a point of the support: a parameter is out of range.
    """
    if isinstance(p, tfd.MixtureSameFamily):
        log_parts = log_density(p.components_distribution, _add_component_axis(p, x))
        return _log_mixture(p.mixture_distribution, log_parts)
    if isinstance(p, tfd.Mixture):
        log_parts = np.stack([log_density(part, x) for part in p.components], axis=-1)
        return _log_mixture(p.cat, log_parts)
    inside, x = _inside(p, x)
    log_p = p.log_prob(tf.cast(x, p.dtype)).numpy().astype(np.float64)
    log_p = np.where(inside, log_p, -np.inf)
    if np.isnan(log_p).any():
        raise ValueError(
            f"`{p.name}`: its log density is NaN inside its own support. Check its parameters: "
            "is a scale negative, a probability outside [0, 1], or one of them NaN?"
        )
    return log_p


def atoms(p):
    """The first and last integer of a discrete distribution; None where it is not in our table."""
    if _is_mixture(p):
        ranges = [atoms(part) for part in _components(p)]
        if None in ranges:
            return None
        first, last = zip(*ranges, strict=True)
        return min(first), max(last)
    for kind, last in _LAST_ATOM.items():
        if isinstance(p, kind):
            return 0, float(np.max(last(p)))
    return None


def edges(p):
    """The ends of the support of a continuous scalar distribution (of each part of a mixture)."""
    if _is_mixture(p):
        return np.concatenate([edges(part) for part in _components(p)])
    ends = tf.constant([-np.inf, np.inf], p.dtype)[(...,) + (tf.newaxis,) * len(p.batch_shape)]
    return np.ravel(_bijector(p).forward(ends)).astype(np.float64)


def is_discrete(p):
    """Whether p has a probability mass function; TFP gives such a p no event-space bijector."""
    return _bijector(p) is None


def precision(p):
    """The rounding error of one computed log density: 2e-16 in float64, 1e-7 in float32."""
    return float(np.finfo(_dtype(p).as_numpy_dtype).eps)


def check_pair(p, q):
    """An error unless p and q are single distributions over the same space."""
    for name, dist in (("p", p), ("q", q)):
        check_single(name, dist)
    if p.event_shape != q.event_shape:
        raise argument_error("q", q, f"the event shape of p, {p.event_shape}")
    if is_discrete(p) != is_discrete(q):
        raise argument_error(
            "q",
            q,
            "a discrete distribution, as p is" if is_discrete(p) else "a continuous one, as p is",
            "A mass and a density cannot be compared.",
            TypeError,
        )
    dtypes = [_dtype(dist) for dist in (p, q)]
    if dtypes[0] != dtypes[1]:
        remedy = "Build both from numbers of one dtype, for instance np.float64."
        raise argument_error("q", q, f"the dtype of p, {dtypes[0].name}", remedy, TypeError)
    if is_discrete(p):
        return
    sizes = [_bijector(d).inverse_event_shape(d.event_shape).num_elements() for d in (p, q)]
    if sizes[0] != sizes[1]:
        remedy = "One of them lives on a surface, such as the simplex, and the other does not."
        raise argument_error("q", q, f"{sizes[0]} free dimensions, as p has", remedy)


def check_single(name, dist):
    """An error unless `dist` is one distribution (no batch) over one tensor, free of NaN."""
    if not isinstance(dist, tfd.Distribution):
        raise argument_error(name, dist, "a TFP distribution", kind=TypeError)
    if not isinstance(dist.event_shape, tf.TensorShape):
        raise argument_error(name, dist, "a distribution over one tensor", kind=TypeError)
    if dist.batch_shape.rank != 0:
        raise argument_error(
            name,
            dist,
            "one distribution, batch shape []",
            "If its parts make up one event, wrap it: `tfd.Independent(dist, k)` with k the "
            "number of batch dimensions.",
        )
    for key, value in _parameters(dist):
        if np.isnan(value).any():
            raise ValueError(f"`{name}`: the parameter `{key}` of {dist.name} is NaN.")
        if np.isinf(value).any() and key not in _MAY_BE_INFINITE:
            raise ValueError(f"`{name}`: the parameter `{key}` of {dist.name} is infinite.")
    for part in (dist, *dist.submodules):
        if isinstance(part, tfd.Distribution):
            _check_range(name, part)


def _check_range(name, dist):
    """An error where TFP's own assertions, which are off by default, refuse the parameters.

    Without them a Gamma of concentration −0.5 has a "KL", a finite number that means nothing.
    """
    options = {"validate_args": True}
    if "require_integer_total_count" in dist.parameters:
        options["require_integer_total_count"] = False  # NegativeBinomial: any r > 0 will do
    try:
        dist.copy(**options)
    except tf.errors.InvalidArgumentError as refusal:
        # The sentence, out of a page that also lists the numbers.
        reason = re.search(r"[^\n'\"]*\b(must|cannot|has|not|Singular)\b[^\n'\".]*", str(refusal))
        raise ValueError(
            f"`{name}`: the parameters of {dist.name} are out of range: {reason[0].strip()}."
        ) from None
    except (TypeError, ValueError):
        return  # this kind has no assertions, or they fail for another reason than the numbers


def _inside(p, x):
    """Which points lie in the support, and the points with those outside made safe to evaluate."""
    bijector = _bijector(p)
    if bijector is not None:
        inverse = bijector.inverse(tf.cast(x, p.dtype)).numpy()
        batch = np.shape(x)[: np.ndim(x) - len(p.event_shape)]
        flat = inverse.reshape((*inverse.shape[: len(batch)], -1))
        return ~np.isnan(flat).any(axis=-1), x
    integers = next((last(p) for kind, last in _LAST_ATOM.items() if isinstance(p, kind)), None)
    if integers is None:
        return True, x
    x, last = np.asarray(x, np.float64), np.asarray(integers, np.float64)
    # A categorical refuses to look up a category that it does not have.
    return (x >= 0) & (x <= last) & (x == np.round(x)), np.clip(np.round(x), 0, last)


def _bijector(p):
    if _is_mixture(p):
        return _bijector(_components(p)[0])
    try:
        return p.experimental_default_event_space_bijector()
    except NotImplementedError:
        raise argument_error(
            "p, q",
            p,
            "a distribution that tells its support",
            "Write its `_default_event_space_bijector`: from the real numbers onto the support.",
            TypeError,
        ) from None


def _dtype(p):
    """In which dtype p computes; a discrete distribution may well draw integers."""
    return p.log_prob(p.sample(seed=(0, 0))).dtype if is_discrete(p) else tf.as_dtype(p.dtype)


def _is_mixture(p):
    return isinstance(p, tfd.Mixture | tfd.MixtureSameFamily)


def _components(p):
    return p.components if isinstance(p, tfd.Mixture) else [p.components_distribution]


def _add_component_axis(p, x):
    return np.expand_dims(x, axis=np.ndim(x) - len(p.event_shape))


def _log_mixture(weights, log_parts):
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights.probs_parameter().numpy().astype(np.float64))
    return np.logaddexp.reduce(log_parts + log_weights, axis=-1)


def _parameters(dist):
    """(name, float64 array) of every floating-point parameter, those of inner parts included."""
    for key, value in dist.parameters.items():
        for leaf in tf.nest.flatten(value):
            if isinstance(leaf, tfd.Distribution):
                yield from _parameters(leaf)
            elif tf.is_tensor(leaf) or isinstance(leaf, float | np.floating | np.ndarray):
                array = np.asarray(leaf)
                if array.dtype.kind == "f":
                    yield key, array
