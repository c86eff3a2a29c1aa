"""A call in a process of its own, which ends with the process that started it."""

import multiprocessing
import multiprocessing.connection
import os
import threading
from concurrent.futures import ProcessPoolExecutor


def in_own_process(function, *arguments):
    """What `function(*arguments)` returns, from a process that inherits nobody's memory.

    Args:
        function: it lives at the top of a module, so that the other process finds it.
        arguments: what can be pickled between processes.

    Raises:
        Exception: what the function raised.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=_end_with_parent) as pool:
        return pool.submit(function, *arguments).result()


def _end_with_parent():
    """Ends this process when the one that started it is gone, however that was killed.

    Else it would work on, and beside it the one of the restarted command, on the same files.
    """
    parent = multiprocessing.parent_process().sentinel

    def wait():
        multiprocessing.connection.wait([parent])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
