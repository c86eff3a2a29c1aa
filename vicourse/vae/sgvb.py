"""The two stochastic gradient variational Bayes (SGVB) estimators of the bound.

Both are unbiased for the ELBO of each image and differentiable by the reparameterization trick:
the sample z = μ + σ ε is a smooth function of the encoder's outputs.

Source: Kingma & Welling (2014), equations 6 and 7.
Chapter: deep/aevb, deep/vae_mnist
"""

from typing import NamedTuple

import tensorflow as tf

from vicourse.seeds import as_seed
from vicourse.validation import check_choice, check_integer

ESTIMATORS = ("A", "B")


class Bound(NamedTuple):
    """An estimate of the ELBO of each image, in nats per image: `elbo` = `reconstruction` − `kl`.

    Attributes:
        elbo: [batch].
        reconstruction: [batch], E_q[log p(x | z)], summed over pixels.
        kl: [batch], KL(q(z | x) ‖ p(z)), summed over latents; exact in estimator B, sampled (and at
            times negative) in estimator A.
    """

    elbo: tf.Tensor
    reconstruction: tf.Tensor
    kl: tf.Tensor


def sgvb(vae, x, seed, *, estimator="B", num_samples=1):
    """The SGVB estimate of log p(x)'s lower bound for each image.

        A (eq. 6):  1/S Σ_s [log p(x, z_s) − log q(z_s | x)]
        B (eq. 7):  1/S Σ_s  log p(x | z_s)  −  KL(q(z | x) ‖ p(z)) in closed form

    with z_s ~ q(z | x). (The paper writes L for S.) B samples one term less, which often makes it
    the quieter of the two, and not always: the chapter deep/aevb measures when.

    Args:
        vae: a `VAE`.
        x: binary images as float32, [batch, num_pixels].
        seed: of the samples.
        estimator: "A" or "B".
        num_samples: S, samples per image.

    Returns:
        A `Bound` of tensors of shape [batch], in nats per image.
    """
    check_choice("estimator", estimator, ESTIMATORS)
    num_samples = check_integer("num_samples", num_samples, minimum=1)
    q = vae.posterior(x)
    z = q.sample(num_samples, seed=as_seed(seed))  # [S, batch, latents]
    reconstruction = tf.reduce_mean(vae.likelihood(z).log_prob(x), axis=0)
    if estimator == "A":
        kl = tf.reduce_mean(q.log_prob(z) - vae.prior.log_prob(z), axis=0)
    else:
        kl = q.kl_divergence(vae.prior)
    return Bound(reconstruction - kl, reconstruction, kl)
