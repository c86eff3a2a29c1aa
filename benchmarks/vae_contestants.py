"""One training epoch of the paper's VAE, written as each library's users would write it.

Every contestant is made by a function of (settings, weights, images): it starts from the same
weights, sees the same bits and does the same work, which is written out in README.md. It returns
two functions:

    epoch(seed)   one pass over the images in random order; moves the weights
    bound(seed)   the mean ELBO of the first 1000 images, in nats per image

A contestant whose library is not installed raises ImportError.
"""

import functools

from vicourse.vae import evaluate_bound
from vicourse.vae.training import make_epoch

EPSILON = 1e-7  # Keras adds it to Adagrad's squares, below the root
JUDGED = 1000  # images for `bound`


def vicourse_epoch(settings, weights, images):
    vae = settings.make_vae(images.shape[1])
    for variable, value in zip(vae.trainable_variables, weights, strict=True):
        variable.assign(value)
    run = make_epoch(vae, settings.make_optimizer(vae.trainable_variables), settings, images)
    judged = images[:JUDGED].astype("float32")
    return lambda seed: run(seed, seed), lambda seed: evaluate_bound(vae, judged, seed).elbo.value


def torch_epoch(settings, weights, images):
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    w1, b1, w2, b2, w3, b3, w4, b4 = parameters = [
        torch.tensor(value, requires_grad=True) for value in weights
    ]
    # PyTorch adds its own ε outside the root: start the squares from Keras's ε instead.
    optimizer = torch.optim.Adagrad(
        parameters, settings.learning_rate, initial_accumulator_value=EPSILON, eps=0.0
    )

    def negative_bound(x):
        mu, log_variance = (torch.tanh(x @ w1 + b1) @ w2 + b2).chunk(2, dim=-1)
        z = mu + torch.exp(log_variance / 2) * torch.randn_like(mu)
        logits = torch.tanh(z @ w3 + b3) @ w4 + b4
        distortion = binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = 0.5 * torch.sum(mu**2 + torch.exp(log_variance) - 1 - log_variance)
        return (distortion + kl) / len(x)

    return torch_loop(negative_bound, optimizer, images, settings.batch_size)


def torch_modules_epoch(settings, weights, images):
    """As vicourse is written: networks are modules, p and q are distribution objects."""
    import torch
    from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

    layers = [torch.nn.Linear(*weight.shape) for weight in weights[::2]]
    for layer, weight, bias in zip(layers, weights[::2], weights[1::2], strict=True):
        layer.weight.data = torch.tensor(weight.T).contiguous()
        layer.bias.data = torch.tensor(bias)
    encoder = torch.nn.Sequential(layers[0], torch.nn.Tanh(), layers[1])
    decoder = torch.nn.Sequential(layers[2], torch.nn.Tanh(), layers[3])
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adagrad(
        parameters, settings.learning_rate, initial_accumulator_value=EPSILON, eps=0.0
    )
    prior = Independent(Normal(torch.zeros(settings.num_latents), 1.0), 1)

    def negative_bound(x):
        mu, log_variance = encoder(x).chunk(2, dim=-1)
        q = Independent(Normal(mu, torch.exp(log_variance / 2)), 1)
        likelihood = Independent(Bernoulli(logits=decoder(q.rsample())), 1)
        return torch.mean(kl_divergence(q, prior) - likelihood.log_prob(x))

    return torch_loop(negative_bound, optimizer, images, settings.batch_size)


def torch_loop(negative_bound, optimizer, images, batch):
    import torch

    images = torch.tensor(images)

    def epoch(seed):
        torch.manual_seed(seed)
        order = torch.randperm(len(images))
        total = torch.zeros(())
        for start in range(0, len(images) - batch + 1, batch):
            x = images[order[start : start + batch]].float()
            optimizer.zero_grad()
            loss = negative_bound(x)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return float(total)

    def bound(seed):
        torch.manual_seed(seed)
        with torch.no_grad():
            return -float(negative_bound(images[:JUDGED].float()))

    return epoch, bound


def jax_epoch(settings, weights, images):
    import jax
    import jax.numpy as jnp

    batch = settings.batch_size
    steps = len(images) // batch
    images = jnp.asarray(images)

    def negative_bound(parameters, x, key):
        w1, b1, w2, b2, w3, b3, w4, b4 = parameters
        mu, log_variance = jnp.split(jnp.tanh(x @ w1 + b1) @ w2 + b2, 2, axis=-1)
        z = mu + jnp.exp(log_variance / 2) * jax.random.normal(key, mu.shape)
        logits = jnp.tanh(z @ w3 + b3) @ w4 + b4
        distortion = jnp.sum(jax.nn.softplus(logits) - x * logits)
        kl = 0.5 * jnp.sum(mu**2 + jnp.exp(log_variance) - 1 - log_variance)
        return (distortion + kl) / len(x)

    @functools.partial(jax.jit, donate_argnums=(0,))
    def all_steps(state, images, key):
        order_key, z_key = jax.random.split(key)
        order = jax.random.permutation(order_key, len(images))[: steps * batch]

        def step(state, inputs):
            parameters, squares = state
            rows, key = inputs
            x = images[rows].astype(jnp.float32)
            loss, slopes = jax.value_and_grad(negative_bound)(parameters, x, key)
            squares = [s + g**2 for s, g in zip(squares, slopes, strict=True)]
            parameters = [
                p - settings.learning_rate * g / jnp.sqrt(s + EPSILON)
                for p, g, s in zip(parameters, slopes, squares, strict=True)
            ]
            return (parameters, squares), loss

        inputs = (order.reshape(steps, batch), jax.random.split(z_key, steps))
        state, losses = jax.lax.scan(step, state, inputs)
        return state, losses.sum()

    state = ([jnp.array(w) for w in weights], [jnp.zeros_like(w) for w in weights])

    def epoch(seed):
        nonlocal state
        state, total = all_steps(state, images, jax.random.key(seed))
        return float(total)  # waits for the result

    def bound(seed):
        x = images[:JUDGED].astype(jnp.float32)
        return -float(negative_bound(state[0], x, jax.random.key(seed)))

    return epoch, bound


CONTESTANTS = {
    "vicourse": vicourse_epoch,
    "PyTorch eager": torch_epoch,
    "PyTorch modules": torch_modules_epoch,
    "JAX lax.scan": jax_epoch,
}
