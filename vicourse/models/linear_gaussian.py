"""Linear Gaussian latent variables: probabilistic PCA and factor analysis.

The only deep-looking model whose marginal likelihood is a formula: it is what a linear VAE with a
Gaussian decoder must find, and the yardstick for its encoder.

Source: M. E. Tipping and C. M. Bishop, "Probabilistic principal component analysis", J. R.
Statist. Soc. B 61 (1999); C. M. Bishop, Pattern Recognition and Machine Learning, section 12.2.
Chapter: foundations/latent_variables, deep/aevb.
"""

from typing import NamedTuple

import numpy as np
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.kinds import BayesianModel
from vicourse.validation import argument_error, check_array, check_integer, check_positive

tfb = tfp.bijectors
tfd = tfp.distributions


class LinearGaussian(BayesianModel):
    """N observations, each a noisy linear image of its own K latents.

        z_n ~ N(0, I_K),   x_n | z_n ~ N(W z_n + μ, Ψ),   Ψ = diag(σ²)
        p(x_n) = N(μ, C),   C = W Wᵀ + Ψ
        p(z_n | x_n) = N(M⁻¹ Wᵀ Ψ⁻¹ (x_n − μ), M⁻¹),   M = I + Wᵀ Ψ⁻¹ W

    One number σ makes it probabilistic PCA, one for each dimension factor analysis. The
    parameters W, μ, σ are given; the latents are the z_n.

    Args:
        data: x, [N, D].
        loadings: W, [D, K].
        noise_sd: σ, a number or [D]: standard deviations, not variances.
        mean: μ, [D]; zero by default.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Linear Gaussian"

    def __init__(self, data, loadings, noise_sd, mean=None, dtype=tf.float64):
        self.loadings = check_array("loadings", loadings, shape=(None, None))
        num_visible, num_latent = self.loadings.shape
        self.mean = check_array(
            "mean", np.zeros(num_visible) if mean is None else mean, shape=(num_visible,)
        )
        sd = check_positive("noise_sd", noise_sd)
        if sd.ndim > 0:
            check_positive("noise_sd", sd, (num_visible,))
        self.noise_sd = np.broadcast_to(sd, (num_visible,))
        self.data = self._check_data(data)
        super().__init__([len(self.data), num_latent], tfb.Identity(), dtype)
        unit = tfd.Normal(self._constant(0.0), self._constant(1.0))
        self.prior = tfd.Sample(unit, self.event_shape)

    def _check_data(self, data):
        return check_array("data", data, shape=(None, len(self.loadings)))

    def likelihood(self, z):
        loc = tf.matmul(z, self._constant(self.loadings), transpose_b=True)
        loc += self._constant(self.mean)
        return tfd.Independent(tfd.Normal(loc, self._constant(self.noise_sd)), 2)

    def posterior(self):
        """The product over n of p(z_n | x_n): a distribution over [N, K]."""
        weighted = self.loadings / self.noise_sd[:, None] ** 2
        covariance = np.linalg.inv(np.eye(self.loadings.shape[1]) + self.loadings.T @ weighted)
        loc = (self.data - self.mean) @ weighted @ covariance
        scale = np.linalg.cholesky(covariance)
        each = tfd.MultivariateNormalTriL(self._constant(loc), self._constant(scale))
        return tfd.Independent(each, 1)

    def log_evidence(self):
        """Σ_n log N(x_n; μ, W Wᵀ + Ψ) in nats: summed over the observations."""
        covariance = self.loadings @ self.loadings.T + np.diag(self.noise_sd**2)
        log_densities = scipy.stats.multivariate_normal(self.mean, covariance).logpdf(self.data)
        return float(np.sum(log_densities))


class PPCA(NamedTuple):
    """The maximum likelihood parameters of probabilistic PCA.

    Attributes:
        loadings: W, [D, K]; any rotation W R explains the data as well.
        noise_sd: σ.
        mean: μ, [D].
    """

    loadings: np.ndarray
    noise_sd: float
    mean: np.ndarray


def fit_ppca(data, num_latent):
    """Probabilistic PCA by maximum likelihood, in closed form.

        μ = mean of x,   σ² = (λ_{K+1} + … + λ_D) / (D − K),   W = U_K (Λ_K − σ² I)^½

    with λ₁ ≥ λ₂ ≥ … and U the eigenvalues and eigenvectors of the data's covariance
    S = 1/N Σ (x_n − μ)(x_n − μ)ᵀ. Source: Tipping and Bishop (1999), with R = I.

    Args:
        data: x, [N, D].
        num_latent: K, from 1 to D − 1.

    Returns:
        A `PPCA`.

    Raises:
        ValueError: the data lie in a K-dimensional plane, so that σ would be 0.
    """
    data = check_array("data", data, shape=(None, None))
    num_visible = data.shape[1]
    num_latent = check_integer("num_latent", num_latent, minimum=1, maximum=num_visible - 1)
    mean = data.mean(axis=0)
    values, vectors = np.linalg.eigh((data - mean).T @ (data - mean) / len(data))
    values, vectors = values[::-1], vectors[:, ::-1]  # largest first
    variance = values[num_latent:].mean()
    if variance <= 1e-12 * values[0]:
        raise argument_error(
            "data",
            data,
            f"data that vary in more than num_latent = {num_latent} directions",
            "With no noise left the likelihood has no maximum: use fewer latents or more data.",
        )
    loadings = vectors[:, :num_latent] * np.sqrt(values[:num_latent] - variance)
    return PPCA(loadings, float(np.sqrt(variance)), mean)
