"""Every closed-form KL that PyTorch has too, against PyTorch's stored values, both ways round."""

import json

import numpy as np
import pytest
import tensorflow_probability as tfp
from torch_kl import PAIRS, STORED, by_torch

from vicourse.divergences import kl, reverse_kl

tfd = tfp.distributions
# Where TFP's class has another name than PyTorch's, or takes other arguments in its place.
OURS = {
    "Bernoulli": lambda probs: tfd.Bernoulli(probs=probs),
    "Binomial": lambda n, probs: tfd.Binomial(n, probs=probs),
    "Categorical": lambda probs: tfd.Categorical(probs=probs),
    "ContinuousBernoulli": lambda probs: tfd.ContinuousBernoulli(probs=probs),
    "Geometric": lambda probs: tfd.Geometric(probs=probs),
    "MultivariateNormal": lambda loc, covariance: tfd.MultivariateNormalTriL(
        loc, np.linalg.cholesky(covariance)
    ),
    "OneHotCategorical": lambda probs: tfd.OneHotCategorical(probs=probs),
    "Wishart": lambda df, covariance: tfd.WishartTriL(df, np.linalg.cholesky(covariance)),
}


def pair(kind):
    make = OURS.get(kind) or getattr(tfd, kind)
    return [make(*[np.asarray(x, np.float64) for x in side]) for side in PAIRS[kind]]


def stored(kind):
    return json.loads(STORED.read_text("utf-8"))["kl"][kind]


def tolerance(p):
    """TFP holds the parameters of some discrete distributions in float32, whatever it is given."""
    single = p.log_prob(p.sample(seed=(0, 0))).dtype == np.float32
    return 1e-6 if single else 1e-10


@pytest.mark.parametrize("kind", PAIRS)
def test_closed_forms(kind):
    p, q = pair(kind)
    results = [kl(p, q), reverse_kl(p, q)]
    assert [result.method for result in results] == ["closed", "closed"]
    values = [float(result) for result in results]
    np.testing.assert_allclose(values, stored(kind), rtol=tolerance(p))
    if kind != "Cauchy":  # which is symmetric; all others tell the two directions apart
        assert abs(values[0] - values[1]) > 0.002


@pytest.mark.parametrize("kind", [kind for kind in PAIRS if not pair(kind)[0].event_shape.rank])
def test_quadrature_and_summation(kind):
    p, q = pair(kind)
    results = [f(p, q, method="quadrature") for f in (kl, reverse_kl)]
    values = [float(result) for result in results]
    np.testing.assert_allclose(values, stored(kind), rtol=10 * tolerance(p))


@pytest.mark.parametrize("kind", PAIRS)
def test_stored_values_are_what_pytorch_says(kind):
    pytest.importorskip("torch")
    np.testing.assert_allclose(by_torch(kind), stored(kind), rtol=1e-12)
