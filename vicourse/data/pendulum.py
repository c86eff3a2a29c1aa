"""A toy series: a swinging pendulum, seen through noise."""

import numpy as np

from vicourse.validation import check_integer, check_number

SUBSTEPS = 50  # between two observations


def pendulum_series(n, num_steps=40, *, seed, noise_std=0.1, interval=0.5):
    """Series of a frictionless pendulum's horizontal position, with noise.

        θ″ = −sin θ,   θ(0) ~ U(−2.5, 2.5),   θ′(0) ~ N(0, 0.5²),   x_t = sin θ(t·interval) + noise

    The wider it swings, the longer its period: 2π for a small swing, 10.3 for an amplitude of 2.5.
    So no linear model fits all series.

    Args:
        n: number of series.
        num_steps: T, observations in each.
        seed: an integer.
        noise_std: SD of the noise, above 0.
        interval: time between two observations; the length and the gravity are 1.

    Returns:
        float32 [n, T, 1].

    Chapter: deep/beyond_vae
    """
    n = check_integer("n", n, minimum=1)
    num_steps = check_integer("num_steps", num_steps, minimum=1)
    noise_std = check_number("noise_std", noise_std, above=0)
    dt = check_number("interval", interval, above=0) / SUBSTEPS
    rng = np.random.default_rng(check_integer("seed", seed, minimum=0))
    angle, speed = rng.uniform(-2.5, 2.5, n), 0.5 * rng.standard_normal(n)
    positions = np.empty([n, num_steps])
    for t in range(num_steps):
        positions[:, t] = np.sin(angle)
        for _ in range(SUBSTEPS):  # leapfrog: half a kick, a drift, half a kick
            speed = speed - dt / 2 * np.sin(angle)
            angle = angle + dt * speed
            speed = speed - dt / 2 * np.sin(angle)
    noisy = positions + noise_std * rng.standard_normal(positions.shape)
    return noisy[..., None].astype(np.float32)
