"""Which folders become packages; everything else about the package stands in pyproject.toml.

`results/` (the figures of long runs) travels with the package, under a name that cannot clash, so
that a chapter opened alone in Colab finds them. pyproject.toml could only say so with a list of
every sub-package, to be kept by hand.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["vicourse", "vicourse.*"]), "vicourse_results"],
    package_dir={"vicourse_results": "results"},
    package_data={"vicourse_results": ["*.json"]},
)
