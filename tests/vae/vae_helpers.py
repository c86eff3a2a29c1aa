"""Shared by the tests of vicourse.vae: tiny images, and the model written again in NumPy.

Everything below `Exact` is float64 NumPy and SciPy, uses none of the package's formulas, and
integrates over z on a grid: the answers that the package's Monte Carlo is held against.
"""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

from vicourse.data import ImageData
from vicourse.vae import VAE, Settings

TINY = {"num_latents": 2, "hidden": 8, "batch_size": 20, "learning_rate": 0.05}


def tiny_settings(**changes):
    return Settings(**{**TINY, **changes})


def tiny_data(num_train=60, num_test=30, name="stripes", seed=0):
    """Grey images of 4 by 4 pixels in two kinds: ink on the left half, or on the upper half."""
    rng = np.random.default_rng(seed)

    def draw(n):
        labels = rng.integers(0, 2, n).astype(np.uint8)
        left = np.repeat([[1, 1, 0, 0]], 4, axis=0)
        ink = np.where(labels[:, None, None] == 0, left, left.T)
        return (30 + 180 * ink + rng.integers(0, 40, ink.shape)).astype(np.uint8), labels

    (x_train, y_train), (x_test, y_test) = draw(num_train), draw(num_test)
    return ImageData(x_train, y_train, x_test, y_test, name=name, source="tests")


def bits(n, num_pixels, seed=0):
    return np.random.default_rng(seed).integers(0, 2, (n, num_pixels)).astype(np.float32)


def lively_vae(num_latents, num_pixels=6, hidden=4, seed=3):
    """A VAE whose start is far from zero: with weights of 0.01 many wrong formulas look right."""
    return VAE(num_latents, num_pixels, hidden, seed=seed, init_std=0.7)


def mean_and_error(values):
    """The mean along the first axis, and its standard error."""
    values = np.asarray(values, np.float64)
    return values.mean(0), values.std(0, ddof=1) / np.sqrt(len(values))


def weights(vae):
    """φ then θ as float64 arrays: W₁, b₁, W₂, b₂ and W₃, b₃, W₄, b₄."""
    return [np.asarray(v, np.float64) for v in vae.trainable_variables]


def set_posterior(vae, mu, log_variance):
    """Make the encoder's output the same for every x: (mu, log_variance)."""
    _, _, kernel, bias = vae.encoder.trainable_variables
    kernel.assign(np.zeros(kernel.shape))
    bias.assign(np.concatenate([mu, log_variance]))


class Exact:
    """p(z), p(x|z) and q(z|x) of a VAE, given its weights, on a grid over z (1 or 2 latents)."""

    def __init__(self, parameters, half_width=14.0, points=2801):
        self.parameters = parameters
        self.num_latents = parameters[4].shape[0]
        points = points if self.num_latents == 1 else 301
        axis = np.linspace(-half_width, half_width, points)
        meshes = np.meshgrid(*[axis] * self.num_latents, indexing="ij")
        self.z = np.stack([mesh.ravel() for mesh in meshes], -1)  # [grid, latents]
        self.cell = (axis[1] - axis[0]) ** self.num_latents

    def posterior_parameters(self, x):
        """μ and σ of q(z|x), each [n, latents], from log σ² = the second half of the output."""
        w1, b1, w2, b2 = self.parameters[:4]
        output = np.tanh(x @ w1 + b1) @ w2 + b2
        mu, log_variance = output[:, : self.num_latents], output[:, self.num_latents :]
        return mu, np.sqrt(np.exp(log_variance))

    def log_likelihood(self, x, z):
        """Σ over pixels of x log p + (1 − x) log(1 − p): [n, grid] for x [n, pixels]."""
        w3, b3, w4, b4 = self.parameters[4:]
        p = 1 / (1 + np.exp(-(np.tanh(z @ w3 + b3) @ w4 + b4)))  # [grid, pixels]
        return x @ np.log(p).T + (1 - x) @ np.log(1 - p).T

    def log_joint(self, x):
        return self.log_likelihood(x, self.z) + norm.logpdf(self.z).sum(-1)

    def log_q(self, x):
        mu, sigma = self.posterior_parameters(x)
        return norm.logpdf(self.z, mu[:, None, :], sigma[:, None, :]).sum(-1)

    def log_evidence(self, x):
        """log p(x) = log ∫ p(x, z) dz, [n]."""
        return logsumexp(self.log_joint(x), axis=1) + np.log(self.cell)

    def under_q(self, x, values):
        """∫ q(z|x) values dz, [n]."""
        return np.sum(np.exp(self.log_q(x)) * values, axis=1) * self.cell

    def elbo(self, x):
        return self.under_q(x, self.log_joint(x) - self.log_q(x))

    def reconstruction(self, x):
        return self.under_q(x, self.log_likelihood(x, self.z))

    def kl_to_posterior(self, x):
        """KL(q(z|x) ‖ p(z|x)), [n]."""
        log_posterior = self.log_joint(x) - self.log_evidence(x)[:, None]
        return self.under_q(x, self.log_q(x) - log_posterior)
