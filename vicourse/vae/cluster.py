"""Who works together: the workers that TF_CONFIG names, and what to say when one of them is gone.

A cluster's scheduler, or you, sets the environment variable TF_CONFIG for each worker: JSON with
everyone's address, and which of them this process is.

Chapter: reference/cluster
"""

import json
import os
import re
import socket
import sys
from contextlib import contextmanager

import tensorflow as tf

from vicourse.validation import check_integer

EXAMPLE = (
    '{"cluster": {"worker": ["host1:12345", "host2:12345"]}, '
    '"task": {"type": "worker", "index": 0}}'
)
# What TensorFlow raises, between them, when a worker was killed, froze or cannot be reached.
LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.UnavailableError,
)


class WorkerLost(RuntimeError):
    """A worker ended or cannot be reached; the message says which, and how to go on."""


def worker_strategy(config=None):
    """The `tf.distribute.MultiWorkerMirroredStrategy` of the workers that TF_CONFIG names.

    It waits until all of them have been started. Call it before TensorFlow computes anything else
    in this process. Worker 0 writes the checkpoint.

    Args:
        config: the text of TF_CONFIG; the environment's if None.

    Returns:
        A strategy, for `train`.

    Raises:
        ValueError: TF_CONFIG is missing or malformed.
        RuntimeError: TensorFlow has computed something before.

    Chapter: reference/cluster
    """
    addresses, index = parse_cluster(os.environ.get("TF_CONFIG") if config is None else config)
    # A worker that was never started is the commonest mistake, and TensorFlow waits in silence.
    print(f"Worker {index} of {', '.join(addresses)}: waiting for all of them.", file=sys.stderr)
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": addresses}), task_type="worker", task_id=index
    )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    except RuntimeError as problem:
        if "program startup" not in str(problem):
            raise
        raise RuntimeError(
            "TensorFlow has computed something in this process already, and can no longer join a "
            "cluster. Call `worker_strategy` first; in a notebook, restart the kernel."
        ) from problem


def parse_cluster(config):
    """(addresses, index): everyone's "host:port" and which of them this worker is, of TF_CONFIG."""
    try:
        parsed = json.loads(config or "")
        cluster, task = parsed["cluster"], parsed["task"]
        addresses, index = cluster["worker"], task["index"]
    except (ValueError, KeyError, TypeError) as problem:
        raise _bad_config("JSON with `cluster.worker` and `task.index`", config) from problem
    if set(cluster) != {"worker"} or task.get("type") != "worker":
        raise _bad_config("workers only: worker 0 is the chief", config)
    plain = isinstance(addresses, list) and all(isinstance(a, str) for a in addresses)
    if not plain or not all(re.fullmatch(r"[^\s:]+:\d+", a) for a in addresses):
        raise _bad_config('a list of "host:port" as `cluster.worker`', config)
    if len(set(addresses)) < max(len(addresses), 1):
        raise _bad_config("a different address for each worker", config)
    check_integer("TF_CONFIG's task.index", index, minimum=0, maximum=len(addresses) - 1)
    return addresses, index


def _bad_config(wanted, config):
    return ValueError(f"`TF_CONFIG`: wanted {wanted}, got {config!r}. For instance: {EXAMPLE}")


def workers_of(strategy):
    """(addresses, index) of a strategy's workers; ([], 0) where there is one process only."""
    resolver = getattr(strategy, "cluster_resolver", None)
    jobs = resolver.cluster_spec().as_dict() if resolver else {}
    return (jobs["worker"], resolver.task_id) if "worker" in jobs else ([], 0)


def is_chief(strategy):
    """Whether this process writes the run's files: the only process, or worker 0.

    Args:
        strategy: a `tf.distribute` strategy.

    Returns:
        True or False.

    Chapter: reference/cluster
    """
    return workers_of(strategy)[1] == 0


@contextmanager
def lost_workers_are_named(strategy):
    """Turn TensorFlow's many errors about a lost worker, raised within `with`, into `WorkerLost`.

    Who is gone is asked of their addresses: a killed process refuses the connection at once, a
    frozen machine lets it time out.
    """
    try:
        yield
    except LOST as problem:
        addresses, index = workers_of(strategy)
        if not addresses:
            raise
        gone = [
            f"worker {number} ({address})"
            for number, address in enumerate(addresses)
            if number != index and not _answers(address)
        ]
        who = f"no answer from {', '.join(gone)}" if gone else "another worker left or froze"
        raise WorkerLost(
            f"{who}. Worker {index} stopped too: no step can be made without all {len(addresses)}. "
            "See what the lost worker printed. Then start the same command again on every worker: "
            "they go on from the checkpoint, if there is one."
        ) from problem


def _answers(address, patience=3.0):
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=patience).close()
    except OSError:
        return False
    return True
