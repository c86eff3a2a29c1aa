"""Is an encoder's answer as good as the best Gaussian for each image by itself?

    log p(x) − ELBO(x; encoder(x))  =  [log p(x) − max ELBO(x; q)]        the family's part
                                     + [max ELBO(x; q) − ELBO(x; encoder(x))]  the encoder's part

Source: Cremer, Li and Duvenaud (2018), Inference suboptimality in variational autoencoders.
Chapter: algorithms/diagnostics, deep/paper_experiments
"""

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.compiled import compiled
from vicourse.estimate import estimate
from vicourse.seeds import as_seed, split_seed
from vicourse.validation import check_integer

tfd = tfp.distributions


def best_gaussians(vae, x, *, seed, num_steps=500, learning_rate=0.01):
    """The diagonal Gaussian with the highest ELBO for each image by itself.

        argmax over mu, sigma of  ELBO(x; mu, sigma)

    Climbed by Adam from the encoder's answer, with one draw a step. It is a local maximum: where
    the encoder points to one mode of p(z | x) and most of the mass is in another, the climb may
    stay where it began.

    Args:
        vae: a `VAE`.
        x: images as for `vae.posterior`, float32 [n, num_pixels].
        seed: of the noise.
        num_steps: steps of the climb.
        learning_rate: of Adam.

    Returns:
        A distribution as `vae.posterior(x)` is: batch shape [n], event shape [num_latents].

    Raises:
        ValueError, TypeError: a bad `num_steps`.
        FloatingPointError: the climb ended at NaN or infinity.

    Source: Cremer, Li and Duvenaud (2018), Inference suboptimality in variational autoencoders.
    Chapter: deep/paper_experiments
    """
    num_steps = check_integer("num_steps", num_steps, minimum=1)
    x = tf.convert_to_tensor(x)
    start = vae.posterior(x).distribution
    mu, log_sigma = tf.Variable(start.loc), tf.Variable(tf.math.log(start.scale))
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build([mu, log_sigma])

    def climb(seed):
        for step in tf.range(num_steps):
            with tf.GradientTape() as tape:
                q = _gaussian(mu, tf.exp(log_sigma))
                bounds = _bounds(vae, x, q, tf.random.fold_in(seed, step), num_samples=1)
                loss = -tf.reduce_sum(bounds)
            optimizer.apply(tape.gradient(loss, [mu, log_sigma]), [mu, log_sigma])

    compiled(climb, as_seed(seed), autograph=True)(as_seed(seed))
    if not np.all(np.isfinite(mu.numpy() + log_sigma.numpy())):
        raise FloatingPointError(
            "the climb ended at NaN or infinity: look for NaN in the weights, or take a smaller "
            f"learning_rate than {learning_rate}"
        )
    return _gaussian(tf.convert_to_tensor(mu), tf.exp(log_sigma))


def elbo_by_image(vae, x, q, *, seed, num_samples=100):
    """ELBO(x; q) of each image for a Gaussian q of its own, in nats.

        E_q[log p(x | z)] − KL(q ‖ p(z)),   the KL in closed form

    The same seed gives two Gaussians the same noise, so the difference of their bounds has little.

    Args:
        vae: a `VAE`.
        x: images as for `vae.posterior`, float32 [n, num_pixels].
        q: as `vae.posterior(x)` or `best_gaussians` give it.
        seed: of the noise.
        num_samples: draws an image.

    Returns:
        Float64 [n].

    Raises:
        ValueError, TypeError: a bad `num_samples`.
        FloatingPointError: the bound of an image is NaN or infinite.

    Source: Kingma & Welling (2014), equation 7.
    Chapter: deep/paper_experiments
    """
    num_samples = check_integer("num_samples", num_samples, minimum=1)
    bounds = np.float64(_bounds(vae, tf.convert_to_tensor(x), q, as_seed(seed), num_samples))
    bad = int(np.sum(~np.isfinite(bounds)))
    if bad:
        raise FloatingPointError(f"the bound of {bad} images is NaN or infinite: look at q and x.")
    return bounds


def amortization_gap(vae, x, *, seed, num_steps=500, learning_rate=0.01, num_samples=100):
    """What the encoder loses against the best Gaussian for each image, in nats per image.

        gap = mean over images of  max_{mu, sigma} ELBO(x; mu, sigma) − ELBO(x; encoder(x))

    The maximum is that of `best_gaussians`. Both bounds are evaluated with the same fresh noise, so
    that their difference has little of it.

    Args:
        vae: a `VAE`.
        x: images as for `vae.posterior`, float32 [n, num_pixels].
        seed: of the noise.
        num_steps: steps of the climb. More can only raise the estimate, up to the gap.
        learning_rate: of Adam.
        num_samples: draws per image for the comparison.

    Returns:
        An `Estimate` over the images. What is left of the total gap log p(x) − ELBO is due to the
        family.

    Raises:
        ValueError, TypeError, FloatingPointError: as `best_gaussians` and `elbo_by_image` do.

    Source: Cremer, Li and Duvenaud (2018), Inference suboptimality in variational autoencoders.
    Chapter: algorithms/diagnostics
    """
    num_samples = check_integer("num_samples", num_samples, minimum=2)
    climb_seed, judge_seed = split_seed(seed)
    best = best_gaussians(vae, x, seed=climb_seed, num_steps=num_steps, learning_rate=learning_rate)
    ours, theirs = (
        elbo_by_image(vae, x, q, seed=judge_seed, num_samples=num_samples)
        for q in (best, vae.posterior(x))
    )
    return estimate(ours - theirs)


def _gaussian(loc, scale):
    return tfd.Independent(tfd.Normal(loc, scale), 1)


def _bounds(vae, x, q, seed, num_samples):
    z = q.sample(num_samples, seed=seed)
    fit = tf.reduce_mean(vae.likelihood(z).log_prob(x), axis=0)
    return fit - q.kl_divergence(vae.prior)
