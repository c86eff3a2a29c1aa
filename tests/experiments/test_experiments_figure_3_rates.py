"""Figure 3's step sizes: which runs, and which is picked."""

from vicourse.experiments import figure_3, figure_3_rates, picked_rates


def cell_of(algorithm, num_train, rate, log_p):
    settings = {"algorithm": algorithm, "num_train": num_train, "learning_rate": rate}
    return {"settings": settings, "curve": [{"train_log_p": 0.0}, {"train_log_p": log_p}]}


def test_figure_3s_runs_with_three_step_sizes_each():
    """Its settings to the first point of its curves; only the step size changes."""
    runs = figure_3_rates.cells(False)
    of_figure = figure_3.cells(False)[:-1]  # the last differs from another in its step size alone
    assert len(runs) == 3 * len(of_figure)
    assert {run["learning_rate"] for run in runs} == {0.01, 0.02, 0.1}
    kept = ("images", "algorithm", "num_train", "hidden", "seed", "spacing")
    for number, run in enumerate(runs):
        cell = of_figure[number // 3]
        assert [run[name] for name in kept] == [cell[name] for name in kept]
        assert run["samples"] == cell["samples"][:1]


def test_the_highest_is_picked_for_each_algorithm_and_size():
    finished = [
        cell_of("aevb", 1000, 0.01, -170.0),
        cell_of("aevb", 1000, 0.1, -160.0),
        cell_of("aevb", 50_000, 0.01, -150.0),
        cell_of("aevb", 50_000, 0.1, -151.0),
        cell_of("wake_sleep", 1000, 0.02, -190.0),
    ]
    assert picked_rates(finished) == {
        ("aevb", 1000): 0.1,
        ("aevb", 50_000): 0.01,
        ("wake_sleep", 1000): 0.02,
    }
