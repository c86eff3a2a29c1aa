"""The command line explains itself: help, versions, and slips answered with the right word."""

import subprocess
import sys

import pytest

import vicourse
from vicourse.cli import main
from vicourse.vae import Settings

OPTIONS = [
    "--dataset",
    "--algorithm",
    "--latent",
    "--epochs",
    "--hidden",
    "--activation",
    "--batch",
    "--samples",
    "--estimator",
    "--optimizer",
    "--learning-rate",
    "--init-std",
    "--prior-std",
    "--binarization",
    "--mixed-precision",
    "--seed",
    "--out",
    "--quiet",
]


def refused(capsys, *arguments):
    """What stands on stderr after exit status 2."""
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    assert stop.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def shown(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    assert stop.value.code == 0
    return capsys.readouterr().out


def test_help_lists_the_commands(capsys):
    text = shown(capsys, "--help")
    assert "train" in text
    assert "data" in text
    assert "COMMAND --help" in text


def test_help_of_train_lists_every_option_with_its_default(capsys):
    text = shown(capsys, "train", "--help")
    for option in OPTIONS:
        assert f"  {option}" in text
    for default in ("(default: 20)", "(default: 500)", "(default: 0.01)", "(default: adagrad)"):
        assert default in text
    assert "vicourse train --dataset mnist --latent 20 --epochs 20" in text  # an example
    assert "None" not in text


def test_defaults_are_those_of_settings(monkeypatch):
    """`vicourse train` without options is `Settings()`."""
    from vicourse import data, vae

    class Caught(Exception):
        pass

    def catch(settings, images, epochs, **_):
        raise Caught(settings, epochs)

    monkeypatch.setattr(vae, "train", catch)
    monkeypatch.setattr(data, "load_mnist", lambda: None)
    with pytest.raises(Caught) as caught:
        main(["train"])
    assert caught.value.args == (Settings(), 20)


def test_version(capsys):
    assert shown(capsys, "--version") == f"vicourse {vicourse.__version__}\n"


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        (["train", "--latnet", "5"], "Did you mean --latent?"),
        (["train", "--latnet=5"], "Did you mean --latent?"),
        (["train", "--learning_rate", "0.1"], "Did you mean --learning-rate?"),
        (["train", "--lat", "5"], "Did you mean --latent?"),  # no abbreviations
        (["data", "--no-downlaod"], "Did you mean --no-download?"),
        (["trian"], "Did you mean train?"),
        (["train", "--dataset", "mnits"], "Did you mean mnist?"),
        (["train", "--optimizer", "adagard"], "Did you mean adagrad?"),
    ],
)
def test_slips_are_met_with_the_right_word(capsys, slip, meant):
    text = refused(capsys, *slip)
    assert meant in text
    assert "--help` lists what there is" in text


@pytest.mark.parametrize(
    ("option", "value", "wanted"),
    [
        ("--latent", "0", "at least 1, got '0'"),
        ("--latent", "-3", "at least 1, got '-3'"),
        ("--epochs", "2.5", "at least 1, got '2.5'"),
        ("--hidden", "many", "at least 1, got 'many'"),
        ("--batch", "", "at least 1, got ''"),
        ("--learning-rate", "-0.1", "above 0, got '-0.1'"),
        ("--learning-rate", "nan", "above 0, got 'nan'"),
        ("--init-std", "inf", "above 0, got 'inf'"),
        ("--init-std", "0", "above 0, got '0'"),
        ("--seed", "one", "'one'"),
        ("--dataset", "cifar", "choose from"),
        ("--estimator", "b", "choose from"),
        ("--binarization", "random", "choose from"),
    ],
)
def test_bad_values_are_explained(capsys, option, value, wanted):
    text = refused(capsys, "train", option, value)
    assert f"argument {option}" in text
    assert wanted in text


def test_a_command_is_needed(capsys):
    assert "COMMAND" in refused(capsys)


def test_a_negative_seed(capsys):
    assert main(["train", "--dataset", "digits", "--seed", "-1"]) == 1
    assert "`seed`: wanted an integer of at least 0, got -1" in capsys.readouterr().err


def test_help_does_not_load_tensorflow():
    """Help answers at once: TensorFlow alone takes seconds to load."""
    code = (
        "import sys\nfrom vicourse.cli import main\n"
        "try: main(['train', '--help'])\n"
        "except SystemExit: sys.exit('tensorflow' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
