"""Images per second of one VAE training epoch: vicourse beside PyTorch and JAX, same work.

    python benchmarks/training_step.py --rounds 5 --json results/training_step.json

What is measured, and how to get the peers: benchmarks/README.md.
"""

import argparse
import importlib.metadata
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from vae_contestants import CONTESTANTS

from vicourse.data import load_digits_stand_in, load_mnist
from vicourse.files import write_json
from vicourse.provenance import provenance
from vicourse.vae import Settings

OURS = "vicourse"
PEERS = ("torch", "jax", "jaxlib")
# How far apart the same work may start and end, in nats. One epoch is early: another order of the
# images and other draws of z alone took vicourse to −180.8 with one seed and −171.1 with another.
SAME_START, SAME_END = 0.5, 20.0


def main():
    options = parse()
    settings = Settings(hidden=options.hidden)
    data = load_digits_stand_in() if options.digits else load_mnist(download=False)
    images = settings.stored_images(data.x_train, 0)
    weights = [np.asarray(w) for w in settings.make_vae(images.shape[1]).trainable_variables]
    contestants = ready(settings, weights, images)
    bounds = check_same_work(contestants)
    per_epoch = len(images) // settings.batch_size * settings.batch_size
    rates = race(contestants, options.rounds, per_epoch)
    report(data.name, rates, bounds)
    if options.json:
        write(options.json, settings, data.name, rates, bounds)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="at least 1")
    parser.add_argument("--hidden", type=int, default=500, metavar="N", help="hidden units")
    parser.add_argument("--digits", action="store_true", help="a short trial on the stand-in")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds: wanted at least 1")
    return options


def ready(settings, weights, images):
    """{name: (epoch, bound)} of the contestants whose libraries are here."""
    contestants = {}
    for name, make in CONTESTANTS.items():
        try:
            contestants[name] = make(settings, weights, images)
        except ImportError as problem:
            print(f"{name} is left out: {problem}")
    return contestants


def check_same_work(contestants):
    """One epoch each, not timed (it compiles); {name: (bound before, bound after)}, in nats.

    Ends the program if the contestants do not start or do not end together.
    """
    bounds = {}
    for name, (epoch, bound) in contestants.items():
        before = bound(0)
        epoch(1)
        bounds[name] = (before, bound(0))
    for name, ends in bounds.items():
        for end, ours, allowed in zip(ends, bounds[OURS], (SAME_START, SAME_END), strict=True):
            if not abs(end - ours) <= allowed:
                sys.exit(f"{name} does other work: its bound is {end:.2f}, ours is {ours:.2f}")
    return bounds


def race(contestants, rounds, per_epoch):
    """{name: [images per second, one a round]}; in a round each runs one epoch after the other."""
    rates = {name: [] for name in contestants}
    for number in range(rounds):
        for name, (epoch, _) in contestants.items():
            start = time.perf_counter()
            epoch(2 + number)
            rates[name].append(per_epoch / (time.perf_counter() - start))
    return rates


def ratios(rates, name):
    """Ours over `name`'s in each round: what both suffered in that round cancels."""
    return [ours / theirs for ours, theirs in zip(rates[OURS], rates[name], strict=True)]


def report(data_name, rates, bounds):
    rounds = len(rates[OURS])
    print(f"\n{data_name}, medians of {rounds} rounds\n")
    print(f"{'':15}{'images/s':>10}{'vicourse is':>14}{'(range)':>16}{'bound, 0 and 1 epochs':>26}")
    for name, values in rates.items():
        ratio = ratios(rates, name)
        spread = f"{min(ratio):.2f} to {max(ratio):.2f}"
        before, after = bounds[name]
        print(
            f"{name:15}{statistics.median(values):>10,.0f}"
            f"{statistics.median(ratio):>13.2f}×{spread:>16}{before:>16.2f}{after:>10.2f}"
        )


def write(path, settings, data_name, rates, bounds):
    origin = provenance()
    origin["versions"] |= {p: importlib.metadata.version(p) for p in PEERS if p in sys.modules}
    record = {
        "what": "images per second of one training epoch, one number a round",
        "data": data_name,
        "settings": settings.as_dict(),
        "provenance": origin,
        "images_per_second": rates,
        "vicourse_over_peer": {name: ratios(rates, name) for name in rates if name != OURS},
        "bound_after_0_and_1_epochs_nats": bounds,
    }
    write_json(path, record)


if __name__ == "__main__":
    main()
