"""The same generated inputs in every run: a test is red for a change, never for the luck of a draw.

`pytest --hypothesis-profile=default` draws new ones. The weekly workflow does, to find new
failures.
"""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, print_blob=True)
settings.load_profile("repeatable")
