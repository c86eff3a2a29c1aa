"""A deep state-space model: a hidden path that moves by a network, and is seen through another.

With z_1 … z_T as one latent, its prior and its posterior are two Markov chains, and the bound is
that of any other model. The recognition model runs backwards through the series: given z_{t−1}, the
past has nothing more to say about z_t, and the future has.

Source: Krishnan, Shalit and Sontag (2015), Deep Kalman filters; (2017), Structured inference
    networks for nonlinear state space models.
Chapter: deep/beyond_vae
"""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.seeds import split_seed
from vicourse.vae.conditionals import gaussian_given, outputs_for
from vicourse.vae.networks import decoder, encoder
from vicourse.validation import check_integer

tfd = tfp.distributions


class DeepStateSpace:
    """Transition, emission and inference networks for series x_1 … x_T.

        p(z_1) = N(m, diag s²)          p(z_t | z_{t−1}) = N(z_{t−1} + f(z_{t−1}), diag s²(z_{t−1}))
        p(x_t | z_t) = N(g(z_t), diag r²)
        q(z_t | z_{t−1}, x) = N(μ(z_{t−1}, h_t), diag σ²(z_{t−1}, h_t)),   h_t = GRU(x_T, …, x_t)

    with z_0 = 0 for the recognition model. f, s and g have one hidden layer each.

    Args:
        num_latents: K, length of z_t.
        num_visible: D, length of x_t.
        num_steps: T.
        hidden: units of each hidden layer, and of h_t.
        noise_std: r before training.
        seed, network: as for `encoder`.

    Source: Krishnan, Shalit and Sontag (2017).
    Chapter: deep/beyond_vae
    """

    def __init__(
        self, num_latents, num_visible, num_steps, hidden=50, *, noise_std=0.3, seed=0, **network
    ):
        self.num_latents = check_integer("num_latents", num_latents, minimum=1)
        self.num_steps = check_integer("num_steps", num_steps, minimum=2)
        self.transition = encoder(num_latents, num_latents, hidden, seed=seed, **network)
        self.emission = decoder(num_visible, num_latents, hidden, seed=seed + 1, **network)
        self.inference = encoder(
            num_latents + hidden, num_latents, hidden, seed=seed + 2, **network
        )
        self.backwards = keras.layers.GRU(
            hidden,
            return_sequences=True,
            go_backwards=True,
            kernel_initializer=keras.initializers.GlorotUniform(seed + 3),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seed + 4),
        )
        self.backwards.build((None, num_steps, num_visible))
        self.start = tf.Variable(tf.zeros([2 * num_latents]), name="start")  # m, log s²
        self.log_noise = tf.Variable(tf.fill([num_visible], tf.math.log(noise_std)), name="noise")

    @property
    def trainable_variables(self):
        """φ (inference and backward network), then θ (start, transition, emission, noise)."""
        return [
            *self.inference.trainable_variables,
            *self.backwards.trainable_variables,
            self.start,
            *self.transition.trainable_variables,
            *self.emission.trainable_variables,
            self.log_noise,
        ]

    @property
    def prior(self):
        """p(z_1 … z_T): a `tfd.MarkovChain` with event shape [T, K]."""
        return tfd.MarkovChain(self.first_state, self.next_state, num_steps=self.num_steps)

    @property
    def first_state(self):
        """p(z_1): event shape [K]."""
        loc, log_variance = tf.split(self.start, 2)
        return tfd.Independent(tfd.Normal(loc, tf.exp(log_variance / 2)), 1)

    def next_state(self, _, z):
        """p(z_t | z_{t−1}) for z [..., K]; the transition is the same at all times."""
        change = gaussian_given(self.transition, z).distribution
        return tfd.Independent(tfd.Normal(z + change.loc, change.scale), 1)

    def seen(self, z):
        """p(x_t | z_t) for z [..., K]: event shape [D]."""
        return tfd.Independent(tfd.Normal(outputs_for(self.emission, z), tf.exp(self.log_noise)), 1)

    def posterior(self, x):
        """q(z_1 … z_T | x) for series [n, T, D]: a `tfd.MarkovChain` of batch shape [n]."""
        # Keras leaves the output in reading order: the last time first.
        h = tf.transpose(tf.reverse(self.backwards(x), axis=[1]), [1, 0, 2])  # [T, n, hidden]

        def recognise(step, z):
            """q(z_t | z_{t−1}, x), `step` being t − 1.

            TFP asks for one step at a time when it draws, and for all of them, along the first
            axis of `step` and of z, when it wants a density.
            """
            h_t = tf.gather(h, step)
            if h_t.shape.rank == 3:
                draws = [1] * (z.shape.rank - 3)
                h_t = tf.reshape(h_t, [h_t.shape[0], *draws, *h_t.shape[1:]])
            h_t = tf.broadcast_to(h_t, [*z.shape[:-1], h_t.shape[-1]])
            return gaussian_given(self.inference, tf.concat([z, h_t], axis=-1))

        return tfd.MarkovChain(
            recognise(0, tf.zeros([x.shape[0], self.num_latents])),
            lambda step, z: recognise(step + 1, z),
            num_steps=self.num_steps,
        )

    def log_joint(self, x, z):
        """log p(x, z) in nats: one number for each series (and draw), summed over time."""
        return self.prior.log_prob(z) + tf.reduce_sum(self.seen(z).log_prob(x), axis=-1)


def one_step_predictions(model, x, seed, *, num_particles=500):
    """E[x_t | x_1 … x_{t−1}] and log p(x), by a particle filter that knows p and not q.

        E[x_t | x_{<t}] ≈ Σ_i w_i g(z_t^i),   z_t^i ~ p(z_t | z_{t−1}^i),  w from x_{<t}

    Args:
        model: a `DeepStateSpace`, or whatever has its `first_state`, `next_state`, `seen`.
        x: series, [n, T, D].
        seed: of the particles.
        num_particles: how many for each series.

    Returns:
        The predictions, [n, T, D], and estimates of log p(x), [n], nats per series. Their
        exponentials are unbiased for p(x); they are a little low themselves.

    Source: Gordon, Salmond and Smith (1993), Novel approach to nonlinear/non-Gaussian Bayesian
        state estimation (the bootstrap filter), as TFP has it.
    Chapter: deep/beyond_vae
    """
    num_particles = check_integer("num_particles", num_particles, minimum=2)
    filter_seed, step_seed, start_seed = split_seed(seed, 3)
    by_time = tf.transpose(x, [1, 0, 2])  # [T, n, D]
    z, log_w, _, log_evidence = tfp.experimental.mcmc.particle_filter(
        by_time,
        initial_state_prior=tfd.BatchBroadcast(model.first_state, [len(x)]),
        transition_fn=model.next_state,
        observation_fn=lambda _, z: model.seen(z),
        num_particles=num_particles,
        seed=filter_seed,
    )  # z: [T, particles, n, K]; log_w: [T, particles, n]; both have seen x_t
    start = model.first_state.sample([1, num_particles, len(x)], seed=start_seed)
    moved = tf.concat([start, model.next_state(None, z[:-1]).sample(seed=step_seed)], axis=0)
    log_w = tf.concat([tf.zeros_like(log_w[:1]), log_w[:-1]], axis=0)
    means = tf.reduce_sum(tf.nn.softmax(log_w, axis=1)[..., None] * model.seen(moved).mean(), 1)
    return tf.transpose(means, [1, 0, 2]), tf.reduce_sum(log_evidence, axis=0)
