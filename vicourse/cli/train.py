"""`vicourse train`: train a VAE from the shell, with checkpoints."""

import functools
import sys
from pathlib import Path

from vicourse.cli.parser import positive_float, positive_int

EXAMPLES = """\
example:
  vicourse train --dataset mnist --latent 20 --epochs 20

Results go to a folder (--out): checkpoint.npz after every epoch, and history.json with the bound,
its split and its standard errors, the settings and the versions. Stopped at any moment, the same
command goes on where it was and ends with the same numbers; with more --epochs it trains on.
"""


def add_to(commands):
    parser = commands.add_parser(
        "train",
        help="train a variational auto-encoder",
        description="Train a VAE as in Kingma & Welling (2014); the defaults are the paper's.",
        epilog=EXAMPLES,
    )
    option = parser.add_argument
    whole = {"type": positive_int, "metavar": "N"}
    real = {"type": positive_float, "metavar": "R"}
    sets = ("mnist", "frey_face", "digits")
    kinds = ("fixed", "dynamic", "threshold")
    several = "mirrored: on all GPUs of this machine; workers: on the machines that TF_CONFIG names"
    what = "frey_face: grey pixels, Gaussian likelihood; digits: scikit-learn's, at 28 by 28"
    option("--dataset", choices=sets, default="mnist", help=what)
    option("--algorithm", choices=("aevb", "wake_sleep"), default="aevb", help="how to train")
    option("--latent", **whole, default=20, help="dimension of z")
    option("--epochs", **whole, default=20, help="passes over the images, in all")
    option("--hidden", **whole, default=500, help="hidden units of each network")
    option("--activation", choices=("tanh", "relu", "softplus"), default="tanh", help="of these")
    option("--batch", **whole, default=100, help="images per step")
    option("--samples", **whole, default=1, help="samples of z per image")
    option("--estimator", choices=("A", "B"), default="B", help="of the bound: eq. 6 or eq. 7")
    option("--optimizer", choices=("adagrad", "adam"), default="adagrad", help="step rule")
    option("--learning-rate", **real, default=0.01, help="global step size")
    option("--init-std", **real, default=0.01, help="SD of the initial weights")
    option("--prior-std", **real, help="SD of a normal prior on every weight; the paper's is 1")
    option("--binarization", choices=kinds, help="how grey pixels become bits; fixed if not given")
    option("--mixed-precision", choices=("bfloat16",), help="networks compute in it: for GPUs")
    option("--seed", type=int, default=0, metavar="N", help="same seed, same numbers")
    option("--distribute", choices=("mirrored", "workers"), help=several)
    option("--out", type=Path, metavar="DIR", help="if not runs/DATASET-latentN-seedN or the like")
    option("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run, expected_errors=expected_errors, parser=parser)


def expected_errors():
    from vicourse.data import DataError
    from vicourse.vae import CheckpointError, TrainingDiverged, WorkerLost

    ours = (CheckpointError, DataError, TrainingDiverged, WorkerLost)
    return (*ours, ValueError, TypeError, OSError)


def run(options):
    from vicourse import data, vae

    strategy = strategy_for(options.distribute)  # first: no cluster is joined once TF has computed
    is_grey = options.dataset == "frey_face"
    settings = vae.Settings(
        likelihood="gaussian" if is_grey else "bernoulli",
        algorithm=options.algorithm,
        prior_std=options.prior_std,
        num_latents=options.latent,
        hidden=options.hidden,
        activation=options.activation,
        init_std=options.init_std,
        binarization=options.binarization or ("none" if is_grey else "fixed"),
        estimator=options.estimator,
        num_samples=options.samples,
        batch_size=options.batch,
        optimizer=options.optimizer,
        learning_rate=options.learning_rate,
        mixed_precision=options.mixed_precision,
        seed=options.seed,
    )
    load = {
        "mnist": data.load_mnist,
        "frey_face": data.load_frey_face,
        "digits": data.load_digits_stand_in,
    }[options.dataset]
    images = load()
    rival = "" if options.algorithm == "aevb" else f"-{options.algorithm}"
    name = f"{options.dataset}{rival}-latent{options.latent}-seed{options.seed}"
    folder = options.out or Path("runs") / name
    checkpoint = folder / "checkpoint.npz"
    train = functools.partial(vae.train_distributed, strategy=strategy) if strategy else vae.train
    try:
        trained = train(
            settings, images, options.epochs, checkpoint=checkpoint, progress=not options.quiet
        )
    except KeyboardInterrupt:
        print(f"\nStopped. The same command goes on from {checkpoint}.", file=sys.stderr)
        return 130
    if strategy and not vae.is_chief(strategy):
        print("Done; worker 0 has the results.")
        return 0
    write_history(folder / "history.json", trained)
    last = trained.history[-1]
    print(
        f"{trained.data_name}, {last['samples_seen']:,} samples seen: test bound "
        f"{last['test_elbo']:.2f} ± {last['test_elbo_se']:.2f} nats per image "
        f"(reconstruction {last['test_reconstruction']:.2f}, KL {last['test_kl']:.2f})"
    )
    print(f"Results in {folder}")


def strategy_for(distribute):
    """The `tf.distribute` strategy of the option --distribute; None without it."""
    if distribute is None:
        return None
    if distribute == "mirrored":
        import tensorflow as tf

        return tf.distribute.MirroredStrategy()
    from vicourse.vae import worker_strategy

    return worker_strategy()


def write_history(path, trained):
    """The run as JSON: what it was, what it ran on, and its history."""
    from vicourse.files import write_json
    from vicourse.provenance import provenance

    record = {
        "data": trained.data_name,
        "settings": trained.settings.as_dict(),
        "unit": "nats per image",
        "provenance": provenance(),
        "history": trained.history,
    }
    write_json(path, record)
