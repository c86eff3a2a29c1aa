"""Networks as conditional distributions, and the prior that the latents begin with.

Chapter: deep/vae_mnist, deep/beyond_vae
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.vae.likelihoods import bernoulli

tfd = tfp.distributions


def outputs_for(network, values):
    """network(values) for values [..., width], whatever stands before the last axis."""
    rows = network(tf.reshape(values, [-1, values.shape[-1]]))
    return tf.reshape(rows, tf.concat([tf.shape(values)[:-1], rows.shape[1:]], 0))


def gaussian_given(network, values):
    """N(μ, diag σ²), the network's output for `values` [..., width] being (μ, log σ²)."""
    mu, log_variance = tf.split(outputs_for(network, values), 2, axis=-1)
    return tfd.Independent(tfd.Normal(mu, tf.exp(log_variance / 2)), 1)


def bits_given(network, values):
    """∏ᵢ Bernoulli(sigmoid(outputᵢ)), the network's output for `values` [..., width]."""
    return bernoulli(outputs_for(network, values))


def standard_normal(num_latents):
    """N(0, I) with event shape [num_latents]."""
    zeros = tf.zeros(num_latents)
    return tfd.Independent(tfd.Normal(zeros, tf.ones_like(zeros)), 1)
