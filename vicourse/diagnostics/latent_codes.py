"""Is the code of an auto-encoder used, and is its encoder good enough?

Chapter: algorithms/diagnostics, deep/vae_mnist
"""

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.compiled import compiled
from vicourse.estimate import estimate
from vicourse.seeds import as_seed, split_seed
from vicourse.validation import check_array, check_integer, check_number

tfd = tfp.distributions

ACTIVE = 0.01


def active_units(means, threshold=ACTIVE):
    """Which latents carry information: Var_x(E_q[z_l | x]) > threshold.

    Args:
        means: E_q[z | x] for many x, [n, L].
        threshold: 0.01 by custom; the variances are usually far from it on either side.

    Returns:
        (active, variances): booleans [L], and the variances over x, [L].

    Source: Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders, section 5.2.
    Chapter: deep/vae_mnist
    """
    means = np.asarray(means)
    means = check_array("means", means.astype(np.float64), shape=(None, None))
    threshold = check_number("threshold", threshold, above=0)
    variances = means.var(axis=0, ddof=1)
    return variances > threshold, variances


def amortization_gap(vae, x, *, seed, num_steps=500, learning_rate=0.01, num_samples=100):
    """What the encoder loses against the best Gaussian for each image, in nats per image.

        gap = mean over images of  max_{mu, sigma} ELBO(x; mu, sigma) − ELBO(x; encoder(x))

    The maximum is climbed by Adam from the encoder's answer, with one draw a step; both bounds are
    then evaluated with the same fresh noise, so that their difference has little of it.

    Args:
        vae: a `VAE`.
        x: binary images, float32 [n, num_pixels].
        seed: of the noise.
        num_steps: steps of the climb. More can only raise the estimate, up to the gap.
        learning_rate: of Adam.
        num_samples: draws per image for the comparison.

    Returns:
        An `Estimate` over the images. What is left of the total gap log p(x) − ELBO is due to the
        family.

    Source: Cremer, Li and Duvenaud (2018), Inference suboptimality in variational autoencoders.
    Chapter: algorithms/diagnostics
    """
    num_steps = check_integer("num_steps", num_steps, minimum=1)
    num_samples = check_integer("num_samples", num_samples, minimum=2)
    x = tf.convert_to_tensor(x)
    start = vae.posterior(x).distribution
    climb_seed, judge_seed = split_seed(seed)
    mu, log_sigma = tf.Variable(start.loc), tf.Variable(tf.math.log(start.scale))
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build([mu, log_sigma])

    def bound(loc, scale, noise):
        """The ELBO of each image with z = loc + scale·noise and the KL in closed form."""
        q = tfd.Independent(tfd.Normal(loc, scale), 1)
        fit = tf.reduce_mean(vae.likelihood(loc + scale * noise).log_prob(x), axis=0)
        return fit - q.kl_divergence(vae.prior)

    def climb(seed):
        for step in tf.range(num_steps):
            noise = tf.random.stateless_normal([1, *mu.shape], tf.random.fold_in(seed, step))
            with tf.GradientTape() as tape:
                loss = -tf.reduce_sum(bound(mu, tf.exp(log_sigma), noise))
            optimizer.apply(tape.gradient(loss, [mu, log_sigma]), [mu, log_sigma])

    compiled(climb, as_seed(climb_seed), autograph=True)(as_seed(climb_seed))
    noise = tf.random.stateless_normal([num_samples, *mu.shape], judge_seed)
    gained = bound(mu, tf.exp(log_sigma), noise) - bound(start.loc, start.scale, noise)
    return estimate(gained.numpy())
