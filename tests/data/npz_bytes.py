"""Archives in memory, shared by the tests of files and of downloads."""

import io

import numpy as np


def packed(arrays):
    """The bytes of an .npz archive."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()
