"""A VAE with two stochastic layers, z₂ → z₁ → x, and how much of the second is used.

Source: Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders.
Chapter: deep/beyond_vae
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.diagnostics import active_units
from vicourse.seeds import as_seed
from vicourse.vae.conditionals import bits_given, gaussian_given, standard_normal
from vicourse.vae.networks import decoder, encoder
from vicourse.validation import argument_error, check_integer

tfd = tfp.distributions


class TwoLayerVAE:
    """Two layers of latents and a recognition model that goes the other way.

        p(z₂) = N(0, I)   p(z₁ | z₂) = N(m(z₂), diag s²(z₂))   p(x | z₁) = ∏ Bernoulli(xᵢ; …)
        q(z₁ | x) = N(μ₁(x), diag σ₁²(x))    q(z₂ | z₁) = N(μ₂(z₁), diag σ₂²(z₁))

    `prior` is p(z₁, z₂), `posterior(x)` is q(z₁, z₂ | x); both draw a dict of "z1" and "z2".

    Args:
        num_latents: (length of z₁, length of z₂).
        num_pixels: dimension of a flattened image x.
        hidden: units of the hidden layer(s) between x and z₁, and between z₁ and z₂: two entries,
            each as for `encoder`.
        seed, network: as for `encoder`.

    Source: Burda, Grosse and Salakhutdinov (2016).
    Chapter: deep/beyond_vae
    """

    def __init__(self, num_latents, num_pixels=784, hidden=(200, 100), *, seed=0, **network):
        first, second = _pair("num_latents", num_latents)
        below, above = _pair("hidden", hidden)
        self.encoder_1 = encoder(num_pixels, first, below, seed=seed, **network)
        self.encoder_2 = encoder(first, second, above, seed=seed + 1, **network)
        # p(z₁ | z₂) needs what an encoder puts out: a mean and a log variance.
        self.decoder_2 = encoder(second, first, above, seed=seed + 2, **network)
        self.decoder_1 = decoder(num_pixels, first, below, seed=seed + 3, **network)
        self.prior = tfd.JointDistributionNamed(
            {"z2": standard_normal(second), "z1": lambda z2: gaussian_given(self.decoder_2, z2)}
        )

    @property
    def trainable_variables(self):
        """Those of q(z₁ | x), q(z₂ | z₁), p(z₁ | z₂) and p(x | z₁), in this order."""
        networks = (self.encoder_1, self.encoder_2, self.decoder_2, self.decoder_1)
        return [variable for network in networks for variable in network.trainable_variables]

    def posterior(self, x):
        """q(z₁, z₂ | x) for images [n, num_pixels]: a joint distribution of batch shape [n]."""
        return tfd.JointDistributionNamed(
            {
                "z1": gaussian_given(self.encoder_1, x),
                "z2": lambda z1: gaussian_given(self.encoder_2, z1),
            }
        )

    def log_joint(self, x, z):
        """log p(x, z₁, z₂) in nats, one number per image (and draw)."""
        return self.prior.log_prob(z) + bits_given(self.decoder_1, z["z1"]).log_prob(x)


def active_per_layer(model, x, seed, *, num_samples=100):
    """How many latents of each layer carry information about x.

        active: Var_x(E_q[z_l | x]) > 0.01, with E_q[z₂ | x] = E_q(z₁|x)[μ₂(z₁)] by draws of z₁

    The mean over draws adds Var(μ₂(z₁) | x) / num_samples to the variances of layer 2.

    Args:
        model: a `TwoLayerVAE`.
        x: images as float32, [n, num_pixels].
        seed: of the draws of z₁.
        num_samples: draws of z₁ per image, at least 100: else the noise may pass for activity.

    Returns:
        (number in layer 1, number in layer 2).

    Source: Burda, Grosse and Salakhutdinov (2016).
    Chapter: deep/beyond_vae
    """
    num_samples = check_integer("num_samples", num_samples, minimum=100)
    q1 = gaussian_given(model.encoder_1, tf.convert_to_tensor(x))
    z1 = q1.sample(num_samples, seed=as_seed(seed))
    mean_2 = tf.reduce_mean(gaussian_given(model.encoder_2, z1).mean(), axis=0)
    return tuple(int(active_units(mean)[0].sum()) for mean in (q1.mean(), mean_2))


def _pair(name, value):
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise argument_error(name, value, "two entries, for z₁ and for z₂")
    return value
