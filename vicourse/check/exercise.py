"""What an exercise is: plain data that the judge reads.

An exercise is declared once, in `vicourse/check/exercises/<chapter>.py`. Three kinds:

    Exercise   the learner hands in a function (to write, or to mend: a bug to find)
    Choice     a prediction: one of a few options
    Number     a prediction: a number
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Case:
    """One call of the learner's function.

    Args:
        inputs: argument name → value, in the order of the call. Floats are rounded to float32,
            so that an answer in either precision starts from the same numbers.
        alone: what to say where this is the only case that fails (an extreme input, say). Such a
            case takes no part in recognising mistakes: overflow differs from one correct-looking
            variant to the next.
    """

    inputs: Mapping[str, object]
    alone: str = ""

    def __post_init__(self):
        rounded = {name: _round_to_float32(value) for name, value in self.inputs.items()}
        object.__setattr__(self, "inputs", rounded)


@dataclass(frozen=True)
class Mistake:
    """A usual wrong answer: `function` gives what it gives, `message` says which mistake it is."""

    message: str
    function: Callable


@dataclass(frozen=True)
class Exercise:
    """A function to write or to mend.

    Args:
        id: chapter and number, "vae_mnist.1".
        title: as in the notebook's heading.
        call: the call as the statement writes it, "kl_to_prior(mu, log_var)".
        cases: small ones first: the first that fails is shown. No result has an axis of length 1,
            so that a superfluous axis can be told from a wanted one.
        reference: the right answer, in NumPy and float64.
        hints: from a nudge to nearly there; the same text as in the notebook.
        mistakes: recognised in this order.
        rtol, atol: wide enough for float32.
        seconds: after which the learner's function is stopped.
        builds: the public name of the piece of the package that the learner rebuilds, such as
            "vicourse.divergences.kl"; the notebook compares the two once `check` has been run.
    """

    id: str
    title: str
    call: str
    cases: tuple[Case, ...]
    reference: Callable
    hints: tuple[str, ...]
    mistakes: tuple[Mistake, ...] = ()
    rtol: float = 1e-4
    atol: float = 1e-5
    seconds: float = 10.0
    builds: str = ""


@dataclass(frozen=True)
class Choice:
    """A prediction out of a few options.

    Args:
        right: the letter of the right option.
        wrong: letter → what to say to a learner who chose it.
        why: said once it is passed.
    """

    id: str
    title: str
    right: str
    wrong: Mapping[str, str]
    why: str
    hints: tuple[str, ...]


@dataclass(frozen=True)
class Number:
    """A number predicted or derived by hand; `mistakes` maps a usual wrong number to a message."""

    id: str
    title: str
    answer: float
    hints: tuple[str, ...]
    mistakes: Mapping[float, str]
    rtol: float = 0.01
    atol: float = 0.0


def _round_to_float32(value):
    array = np.asarray(value)
    return array.astype(np.float32).astype(np.float64) if array.dtype.kind == "f" else value
