"""The two stochastic gradient variational Bayes (SGVB) estimators of the bound, and a tighter one.

All are differentiable by the reparameterization trick: the sample z = μ + σ ε is a smooth function
of the encoder's outputs. A and B are unbiased for the ELBO of each image; "IW" for the larger
importance-weighted bound.

Source: Kingma & Welling (2014), equations 6 and 7; Burda, Grosse and Salakhutdinov (2016).
Chapter: deep/aevb, deep/vae_mnist, deep/paper_experiments
"""

from typing import NamedTuple

import tensorflow as tf

from vicourse.seeds import as_seed
from vicourse.validation import check_choice, check_integer

ESTIMATORS = ("A", "B", "IW")


class Bound(NamedTuple):
    """An estimate of the ELBO of each image, in nats per image: `elbo` = `reconstruction` − `kl`.

    Attributes:
        elbo: [batch]. From estimator "IW" it is the importance-weighted bound, and larger than
            `reconstruction` − `kl`, which are the ordinary bound's.
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
        IW:         log 1/S Σ_s p(x, z_s) / q(z_s | x)

    with z_s ~ q(z | x). (The paper writes L for S.) B samples two terms less, which often makes it
    the quieter of the two, and not always: the chapter deep/aevb measures when. IW with S = 1 is A;
    with S growing it rises to log p(x).

    Args:
        vae: a `VAE`.
        x: images as float32, [batch, num_pixels]; binary where the likelihood is Bernoulli.
        seed: of the samples.
        estimator: "A", "B" or "IW".
        num_samples: S, samples per image.

    Returns:
        A `Bound` of tensors of shape [batch], in nats per image.
    """
    check_choice("estimator", estimator, ESTIMATORS)
    num_samples = check_integer("num_samples", num_samples, minimum=1)
    q = vae.posterior(x)
    z = q.sample(num_samples, seed=as_seed(seed))  # [S, batch, latents]
    log_likelihood = vae.likelihood(z).log_prob(x)
    reconstruction = tf.reduce_mean(log_likelihood, axis=0)
    if estimator == "B":
        kl = q.kl_divergence(vae.prior)
        return Bound(reconstruction - kl, reconstruction, kl)
    log_ratio = q.log_prob(z) - vae.prior.log_prob(z)
    kl = tf.reduce_mean(log_ratio, axis=0)
    if estimator == "A":
        return Bound(reconstruction - kl, reconstruction, kl)
    log_weights = log_likelihood - log_ratio
    bound = tf.reduce_logsumexp(log_weights, axis=0) - tf.math.log(float(num_samples))
    return Bound(bound, reconstruction, kl)
