"""The exercises: one module per chapter, each with `EXERCISES`, a tuple in the notebook's order."""

import difflib
import importlib

from vicourse.validation import argument_error

# In the order of the course.
CHAPTERS = (
    "latent_variables",
    "monte_carlo",
    "divergences",
    "elbo",
    "coordinate_ascent",
    "stochastic_vi",
    "gradient_estimators",
    "black_box_vi",
    "richer_posteriors",
    "vi_vs_mcmc",
    "diagnostics",
    "aevb",
    "vae_mnist",
    "paper_experiments",
)


def all_exercises():
    """Every exercise, in the order of the course."""
    modules = (importlib.import_module(f"{__name__}.{chapter}") for chapter in CHAPTERS)
    return [exercise for module in modules for exercise in module.EXERCISES]


def find(exercise_id):
    """The exercise with this id.

    Raises:
        ValueError: there is none; the message names those with a similar id.
    """
    by_id = {exercise.id: exercise for exercise in all_exercises()}
    if isinstance(exercise_id, str) and exercise_id in by_id:
        return by_id[exercise_id]
    near = difflib.get_close_matches(str(exercise_id), by_id, n=5, cutoff=0.5)
    chapters = "The chapters are " + ", ".join(CHAPTERS) + "."
    remedy = f"Did you mean {' or '.join(map(repr, near))}?" if near else chapters
    raise argument_error("exercise", exercise_id, "the id of an exercise", remedy)
