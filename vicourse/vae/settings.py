"""Everything that decides the numbers of a training run, in one place.

Source: Kingma & Welling (2014), section 5.
Chapter: deep/vae_mnist
"""

from dataclasses import asdict, dataclass

import keras
import numpy as np

from vicourse.data import binarize
from vicourse.vae.likelihoods import LIKELIHOODS
from vicourse.vae.model import VAE
from vicourse.vae.networks import ACTIVATIONS, MIXED_PRECISIONS, hidden_sizes
from vicourse.vae.sgvb import ESTIMATORS
from vicourse.validation import argument_error, check_choice, check_integer, check_number

ALGORITHMS = ("aevb", "wake_sleep")
OUTPUT_BIASES = (None, "mean_image")
BINARIZATIONS = ("fixed", "dynamic", "threshold", "none")
GREY_LEVELS = 256  # grey value / GREY_LEVELS is what a Gaussian likelihood sees, as in 2014

# The paper's Adagrad starts from zero accumulated squares; Keras's own default is 0.1, which makes
# the first steps smaller. Keras adds ε = 1e-7 to the squares. It looks harmless and is not: it
# spares the weights whose gradients are tiny at the start from steps of full size in a random
# direction, and is worth nats in the first million samples.
OPTIMIZERS = {
    "adagrad": lambda rate: keras.optimizers.Adagrad(rate, initial_accumulator_value=0.0),
    "adam": lambda rate: keras.optimizers.Adam(rate),
}


@dataclass(frozen=True)
class Settings:
    """The settings of a training run; the defaults are the paper's, `prior_std` apart.

    Its "0.01" for the initial weights is read as a standard deviation, and its silence about
    binarization is filled by "fixed" (arXiv 1312.6114, section 5).

    Attributes:
        num_latents: dimension of z.
        hidden: hidden units of encoder and of decoder; a tuple for several layers, from x to z.
        activation: "tanh", "relu" or "softplus".
        init_std: SD of the normal draws that weights and biases start from; None for the start of
            Glorot & Bengio (2010).
        output_bias: None, or "mean_image": the decoder then begins at the mean training image, for
            every z. Its last biases are the log odds of each pixel's mean, cut to 0.001 and 0.999,
            as in the code of Burda and others (2016). From biases near 0 it has to learn the mean
            image first, and latents may fall silent meanwhile. For bits only.
        likelihood: "bernoulli" for bits, "gaussian" for grey pixels in [0, 1).
        algorithm: "aevb", or "wake_sleep" in its place, which has one sample and no choice of
            estimator; its bound is estimator B's.
        binarization: how grey pixels become bits: "fixed" (drawn once), "dynamic" (drawn anew
            each time an image is used) or "threshold" (above one half). Bounds under different
            binarizations are bounds on different data: they cannot be compared. "none", grey value
            / 256, goes with the Gaussian likelihood, and with it alone.
        estimator: "A", "B" or "IW", see `vicourse.vae.sgvb`; of the test bound too.
        num_samples: S, samples of z per image and step.
        batch_size: M, images per step.
        optimizer: "adagrad" or "adam".
        learning_rate: its global step size.
        stages: () for one step size throughout; else how many epochs each stage lasts, while the
            step size falls from `learning_rate` to a tenth of it, by the same factor each time.
        prior_std: SD of a normal prior on every weight and bias, for their maximum a posteriori
            estimate; the paper's is 1. None, for maximum likelihood, leaves them free.
        mixed_precision: None, or "bfloat16": the networks then compute with its 8 significant bits
            (float32 has 24), which is fast on GPUs made for it. Weights, bound and optimizer stay
            float32.
        seed: of the start, the bits, the order of the images and the samples of z.
    """

    num_latents: int = 20
    hidden: int | tuple = 500
    activation: str = "tanh"
    init_std: float | None = 0.01
    output_bias: str | None = None  # None also in checkpoints of before there was a choice
    likelihood: str = "bernoulli"
    algorithm: str = "aevb"
    binarization: str = "fixed"
    estimator: str = "B"
    num_samples: int = 1
    batch_size: int = 100
    optimizer: str = "adagrad"
    learning_rate: float = 0.01
    stages: tuple = ()
    prior_std: float | None = None
    mixed_precision: str | None = None  # None also in checkpoints of before there was a choice
    seed: int = 0

    def __post_init__(self):
        # NumPy's numbers become Python's, for Keras and for the checkpoint's JSON.
        plain = {"seed": check_integer("seed", self.seed, minimum=0)}
        for name in ("num_latents", "num_samples", "batch_size"):
            plain[name] = check_integer(name, getattr(self, name), minimum=1)
        for name in ("init_std", "learning_rate", "prior_std"):
            value = getattr(self, name)
            may_be_none = name != "learning_rate" and value is None
            plain[name] = None if may_be_none else check_number(name, value, above=0)
        sizes = hidden_sizes(self.hidden)
        plain["hidden"] = sizes if len(sizes) > 1 else sizes[0]
        plain["stages"] = tuple(check_integer("stages", n, minimum=1) for n in self.stages)
        for name, value in plain.items():
            object.__setattr__(self, name, value)  # the way into a frozen dataclass
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("binarization", self.binarization, BINARIZATIONS)
        check_choice("estimator", self.estimator, ESTIMATORS)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        check_choice("likelihood", self.likelihood, LIKELIHOODS)
        check_choice("algorithm", self.algorithm, ALGORITHMS)
        check_choice("mixed_precision", self.mixed_precision, MIXED_PRECISIONS)
        check_choice("output_bias", self.output_bias, OUTPUT_BIASES)
        self._check_combinations()

    def _check_combinations(self):
        if (self.likelihood == "gaussian") != (self.binarization == "none"):
            wanted = (
                'likelihood="gaussian" with binarization="none", or likelihood="bernoulli" with '
                "one of the others"
            )
            both = f"{self.likelihood!r} with binarization={self.binarization!r}"
            remedy = "A Bernoulli likelihood of grey values is no density."
            raise argument_error("likelihood", both, wanted, remedy)
        if self.algorithm == "wake_sleep" and (self.estimator, self.num_samples) != ("B", 1):
            wanted = 'estimator="B" and num_samples=1 with algorithm="wake_sleep"'
            both = f"estimator={self.estimator!r} and num_samples={self.num_samples}"
            raise argument_error("estimator", both, wanted, "Wake-sleep has no such choice.")
        if self.output_bias and self.likelihood != "bernoulli":
            both = f"{self.output_bias!r} with likelihood={self.likelihood!r}"
            raise argument_error("output_bias", both, 'likelihood="bernoulli" with it')

    def as_dict(self):
        """The settings as JSON has them: tuples are lists."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    def rate(self, epoch):
        """The step size of an epoch, counted from 1; after the last stage, the last stage's."""
        if len(self.stages) < 2:
            return self.learning_rate
        ends = np.cumsum(self.stages)
        stage = min(int(np.searchsorted(ends, epoch)), len(ends) - 1)
        return float(self.learning_rate * 10 ** (-stage / (len(ends) - 1)))

    def make_vae(self, num_pixels, stored=None):
        """A `VAE` at its start.

        `stored`, the training images as `stored_images` gives them, is needed for an `output_bias`
        alone.
        """
        vae = VAE(
            self.num_latents,
            num_pixels,
            self.hidden,
            likelihood=self.likelihood,
            activation=self.activation,
            init_std=self.init_std,
            mixed_precision=self.mixed_precision,
            seed=self.seed,
        )
        if self.output_bias == "mean_image":
            if stored is None:
                remedy = f"output_bias={self.output_bias!r} needs them."
                raise argument_error("stored", stored, "the training images", remedy)
            white = 255 if self.binarization == "dynamic" else 1
            mean = np.clip(np.mean(stored, axis=0, dtype=np.float64) / white, 0.001, 0.999)
            vae.decoder.trainable_variables[-1].assign(np.log(mean / (1 - mean)))
        return vae

    def make_optimizer(self, variables):
        optimizer = OPTIMIZERS[self.optimizer](self.learning_rate)
        optimizer.build(variables)
        return optimizer

    def stored_images(self, images, which):
        """Flattened uint8 images: bits if they are drawn once, else grey values.

        `which` is 0 for training and 1 for test images, so that their bits differ.
        """
        flat = images.reshape(len(images), -1)
        if self.binarization == "fixed":
            return binarize(flat, "fixed", seed=2 * self.seed + which)
        if self.binarization == "threshold":
            return binarize(flat, "threshold")
        return flat

    def bits(self, stored, seed):
        """What the model sees of a batch of `stored_images`, float32, inside a compiled function.

        0 and 1, unless `binarization` is "none": then in [0, 1).
        """
        import tensorflow as tf

        if self.binarization == "dynamic":
            return binarize(stored, "dynamic", seed=seed)
        scale = GREY_LEVELS if self.binarization == "none" else 1
        return tf.cast(stored, tf.float32) / scale
