"""How fast is training, beside the paper's machine and beside what this one could do?

    share of the peak = floating-point operations of an epoch / (seconds · peak)

The paper: "20-40 minutes per million training samples", at an effective 40 GFLOPS. The peak is
measured here, by a large matrix product, in turns with the epochs: both slow down together when
the machine is busy.

Source: Kingma & Welling (2014), section 5.
Chapter: deep/paper_experiments
"""

import time

import numpy as np
import tensorflow as tf

from vicourse.experiments.experiment import Experiment
from vicourse.experiments.images import load_images
from vicourse.vae import Settings
from vicourse.vae.training import make_epoch

PAPER_MINUTES = (20, 40)  # for a million samples
PAPER_GFLOPS = 40
LATENTS = (3, 20, 200)
SIDE = 2048


def cells(quick):
    """One cell a dimension of z. Quick: a small network on the digits, two rounds."""
    if quick:
        return [{"num_latents": 3, "hidden": 50, "rounds": 2, "data": "digits"}]
    return [{"num_latents": n, "hidden": 500, "rounds": 7, "data": "mnist"} for n in LATENTS]


def run(settings):
    """Seconds of an epoch and of a matrix product, in turns.

    Returns:
        A dict: `seconds_per_million` samples (one number a round), `peak_gflops` (the same),
        `flops_per_sample`, `share_of_peak` (the median of the rounds' ratios, their least and
        largest beside it), and `data`, the images' name.
    """
    data = load_images(settings["data"])
    training = Settings(num_latents=settings["num_latents"], hidden=settings["hidden"])
    stored = training.stored_images(data.x_train, 0)
    vae = training.make_vae(stored.shape[1])
    optimizer = training.make_optimizer(vae.trainable_variables)
    epoch = make_epoch(vae, optimizer, training, stored)
    samples = len(stored) // training.batch_size * training.batch_size
    flops = flops_per_sample(stored.shape[1], training.hidden, training.num_latents)
    epoch([0, 0], 0)  # compiles
    peak_gflops()
    seconds, peaks = [], []
    for number in range(settings["rounds"]):
        before = peak_gflops()
        start = time.perf_counter()
        epoch([0, number + 1], number + 1)
        seconds.append(1e6 * (time.perf_counter() - start) / samples)
        peaks.append((before + peak_gflops()) / 2)
    shares = flops * 1e6 / (np.array(seconds) * np.array(peaks) * 1e9)
    return {
        "data": data.name,
        "flops_per_sample": flops,
        "seconds_per_million": [round(s, 2) for s in seconds],
        "peak_gflops": [round(p, 1) for p in peaks],
        "share_of_peak": round(float(np.median(shares)), 4),
        "share_of_peak_range": [round(float(f(shares)), 4) for f in (np.min, np.max)],
    }


def flops_per_sample(num_pixels, hidden, num_latents):
    """Floating-point operations of the matrix products of one step, for each image.

    A layer of n inputs and m outputs takes 2nm forward, 2nm for its weights' gradient and 2nm for
    its inputs' gradient, which the first layer does not need.

    Args:
        num_pixels, hidden, num_latents: sizes of the one-hidden-layer networks.

    Returns:
        An integer.

    Chapter: deep/paper_experiments
    """
    layers = [
        (num_pixels, hidden),
        (hidden, 2 * num_latents),
        (num_latents, hidden),
        (hidden, num_pixels),
    ]
    return sum(6 * inputs * outputs for inputs, outputs in layers) - 2 * num_pixels * hidden


def paper_share():
    """(least, largest) share of 40 GFLOPS that the paper's 20 to 40 minutes come to, N_z = 20."""
    flops = 1e6 * flops_per_sample(784, 500, 20)
    return tuple(flops / (60 * minutes * PAPER_GFLOPS * 1e9) for minutes in PAPER_MINUTES[::-1])


def peak_gflops(repeats=3):
    """10⁹ float32 operations a second of a 2048 × 2048 × 2048 matrix product, the best of a few."""
    a = tf.ones([SIDE, SIDE])
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        float(tf.matmul(a, a)[0, 0])  # waits for the result
        best = min(best, time.perf_counter() - start)
    return 2 * SIDE**3 / best / 1e9


def report(finished):
    """A line for each dimension of z, and one for the paper."""
    low, high = paper_share()
    lines = [
        f"the paper: {PAPER_MINUTES[0]} to {PAPER_MINUTES[1]} minutes a million samples, "
        f"{low:.0%} to {high:.0%} of its {PAPER_GFLOPS} GFLOPS"
    ]
    for cell in finished:
        seconds, peak = (np.median(cell[key]) for key in ("seconds_per_million", "peak_gflops"))
        lines.append(
            f"N_z = {cell['settings']['num_latents']:3}: {seconds:7.1f} s a million samples "
            f"({cell['data']}), {cell['share_of_peak']:.0%} of {peak:.0f} GFLOPS"
        )
    return lines


SPEED = Experiment(
    name="speed",
    what="seconds per million samples, and the share of the machine's peak, beside the paper's",
    cells=cells,
    run=run,
    report=report,
)
