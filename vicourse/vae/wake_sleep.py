"""Wake-sleep for a VAE's two networks: the paper's rival, on the same model.

Wake: draw z from q(z | x) for real images, and make the model explain them. Sleep: draw z and x
from the model, and make q recognise the z. Each phase moves one network, and no single function of
the weights is climbed.

Source: Hinton, Dayan, Frey and Neal (1995), The wake-sleep algorithm for unsupervised neural
    networks; Kingma & Welling (2014), section 5.
Chapter: deep/aevb, deep/paper_experiments
"""

import tensorflow as tf

from vicourse.objectives import sleep_phi
from vicourse.seeds import split_seed
from vicourse.vae.sgvb import Bound


def wake_sleep(vae, x, seed):
    """The two objectives of a step, each to be made large, and the bound on the way.

        wake(θ)  = log p(x, z),  z ~ q(z | x) held fixed,  for each image
        sleep(φ) = log q(z | x), (z, x) ~ p(x, z) held fixed, for as many dreams as images

    The gradient of `wake` is zero for the encoder, that of `sleep` for the decoder: their sum can
    be differentiated in one go.

    Args:
        vae: a `VAE`.
        x: images as float32, [batch, num_pixels].
        seed: of z and of the dreams.

    Returns:
        wake: [batch], in nats.
        sleep: [batch], in nats.
        bound: a `Bound` for x: the wake phase's z serve for estimator B.

    Chapter: deep/paper_experiments
    """
    wake_seed, sleep_seed = split_seed(seed, 2)
    q = vae.posterior(x)
    z = tf.stop_gradient(q.sample(seed=wake_seed))
    reconstruction = vae.likelihood(z).log_prob(x)
    wake = reconstruction + vae.prior.log_prob(z)
    kl = q.kl_divergence(vae.prior)
    bound = Bound(reconstruction - kl, reconstruction, kl)

    def dream(num_samples, seed):
        z_seed, x_seed = split_seed(seed, 2)
        z = vae.prior.sample(num_samples, seed=z_seed)
        return z, vae.likelihood(z).sample(seed=x_seed)

    sleep = sleep_phi(dream, vae.posterior, num_samples=len(x), seed=sleep_seed)
    return wake, sleep, bound
