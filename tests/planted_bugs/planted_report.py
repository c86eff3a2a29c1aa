"""`make planted-bugs`: every bug of the catalogue, and the test that catches it.

python tests/planted_bugs/planted_report.py [CATALOGUE or bug id ...]
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from planted_catalogue import all_tests, read_catalogues
from planted_runner import run_tests

WORKERS = 2


def main(names):
    bugs = [bug for listed in read_catalogues().values() for bug in listed]
    bugs = [bug for bug in bugs if not names or {bug.id, bug.catalogue} & set(names)]
    if not bugs:
        sys.exit(f"vicourse: no bug and no catalogue is called {' or '.join(names)}.")
    print(row("bug", "mistake", "caught by", "seconds"))
    with ThreadPoolExecutor(WORKERS) as workers:
        healthy = workers.submit(run_tests, all_tests(bugs))
        planted = [workers.submit(run_tests, bug.tests, bug) for bug in bugs]
        for bug, future in zip(bugs, planted, strict=True):
            caught_by = future.result().caught_by
            name = caught_by.split("/")[-1] if caught_by else "NOT CAUGHT"
            seconds = f"{future.result().seconds:.1f}"
            print(row(bug.id, bug.mistake, name, seconds), flush=True)
    caught = sum(future.result().caught_by is not None for future in planted)
    if not healthy.result().passed:
        print(f"Without a bug not all of these tests pass:\n{healthy.result().words}")
    print(f"{caught} of {len(bugs)} caught")
    return 0 if caught == len(bugs) and healthy.result().passed else 1


def row(bug, mistake, caught_by, seconds):
    return f"{bug:<36}  {mistake:<72}  {seconds:>7}  {caught_by}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
