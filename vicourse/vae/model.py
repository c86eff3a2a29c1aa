"""The variational auto-encoder: two networks that turn numbers into three distributions.

Chapter: deep/vae_mnist.
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.vae.conditionals import outputs_for, standard_normal
from vicourse.vae.likelihoods import LIKELIHOODS
from vicourse.vae.networks import decoder, encoder, hidden_sizes
from vicourse.validation import argument_error, check_choice

tfd = tfp.distributions


class VAE:
    """A latent-variable model p(z) p(x | z) and its recognition model q(z | x).

        p(z)     = N(0, I)                              `prior`
        p(x | z) = ∏ Bernoulli(xᵢ; sigmoid(decoderᵢ(z)))  `likelihood(z)`
        q(z | x) = N(μ(x), diag σ²(x))                  `posterior(x)`

    or, for grey pixels, p(x | z) = ∏ N(xᵢ; mᵢ(z), sᵢ²(z)) with m in (0, 1).

    Args:
        num_latents: dimension of z.
        num_pixels: dimension of a flattened image x.
        hidden, seed: as for `encoder`; the decoder has the same layers from the other side.
        likelihood: "bernoulli" or "gaussian".
        network: `activation`, `init_std` and `mixed_precision`, as for `encoder`.

    Source: Kingma & Welling (2014), section 3.
    """

    def __init__(
        self,
        num_latents,
        num_pixels=784,
        hidden=500,
        *,
        likelihood="bernoulli",
        seed=0,
        **network,
    ):
        kind = LIKELIHOODS[check_choice("likelihood", likelihood, LIKELIHOODS)]
        hidden = hidden_sizes(hidden)
        self.encoder = encoder(num_pixels, num_latents, hidden, seed=seed, **network)
        self.decoder = decoder(
            num_pixels,
            num_latents,
            hidden[::-1],
            outputs_per_pixel=kind.outputs_per_pixel,
            seed=seed + 1,
            **network,
        )
        self.is_binary = likelihood == "bernoulli"
        self._distribution = kind.distribution
        self.num_latents = num_latents
        self.num_pixels = num_pixels

    def __repr__(self):
        weights = sum(int(tf.size(v)) for v in self.trainable_variables)
        return f"VAE({self.num_pixels} pixels, {self.num_latents} latents, {weights:,} weights)"

    @property
    def trainable_variables(self):
        """φ (the encoder's weights and biases), then θ (the decoder's)."""
        return self.encoder.trainable_variables + self.decoder.trainable_variables

    @property
    def prior(self):
        """p(z) = N(0, I): event shape [num_latents]."""
        return standard_normal(self.num_latents)

    def posterior(self, x):
        """q(z | x) for images x of shape [batch, num_pixels]: event shape [num_latents]."""
        mu, log_variance = tf.split(
            self.encoder(self._checked("x", x, self.num_pixels, rank=2)), 2, axis=-1
        )
        # log σ² is what the network puts out, so σ is exp of *half* of it.
        return tfd.Independent(tfd.Normal(mu, tf.exp(log_variance / 2)), 1)

    def likelihood(self, z):
        """p(x | z) for z of shape [..., num_latents]: event shape [num_pixels]."""
        z = self._checked("z", z, self.num_latents)
        return self._distribution(outputs_for(self.decoder, z))

    def log_joint(self, x, z):
        """log p(x, z) = log p(z) + log p(x | z), in nats, one number per image (and sample)."""
        return self.prior.log_prob(z) + self.likelihood(z).log_prob(x)

    def _checked(self, name, value, width, rank=None):
        value = tf.convert_to_tensor(value)
        fits = value.shape.rank == rank if rank else value.shape.rank >= 1
        if value.dtype != tf.float32 or not fits or value.shape[-1] not in (width, None):
            wanted = f"a float32 array of shape [{'batch' if rank else '...'}, {width}]"
            remedy = (
                "Flatten images to [batch, pixels] and give float32; see vicourse.data.binarize."
            )
            raise argument_error(name, value, wanted, remedy)
        value.set_shape([*value.shape[:-1], width])  # inside a graph it may have been unknown
        return value
