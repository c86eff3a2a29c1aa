"""Execute the book's pages, several at once, into the cache that the build then reads from."""

from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from course_index import source_pages
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import myst_nb_reader_plugin
from notebook_making import has_code


def execute_pages(root, cache_folder, workers, timeout):
    """Execute the pages with code that are not in the cache, each in its own folder.

    A page that fails is not cached: the build executes it again, and reports it.

    Args:
        root: the course's folder.
        cache_folder: of jupyter-cache, where myst-nb looks.
        workers: how many pages at once.
        timeout: seconds for one cell.

    Returns:
        The executed pages that did not fail, in the order in which they ended.
    """
    cache = get_cache(cache_folder)
    pages = [page for page in source_pages(root) if has_code(root, page)]
    stale = [page for page in pages if not _is_cached(cache, myst_nb_reader_plugin(root / page))]
    done = []
    with ProcessPoolExecutor(workers) as pool:
        running = {pool.submit(_execute, root / page, timeout): page for page in stale}
        try:
            for future in as_completed(running):
                page, (notebook, seconds) = running[future], future.result()
                print(f"    {page}: {f'{seconds:.0f} s' if notebook else 'failed'}", flush=True)
                if notebook:
                    data = {"execution_seconds": seconds}
                    bundle = CacheBundleIn(notebook, str(root / page), data=data)
                    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
                    done.append(page)
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
    return done


def _is_cached(cache, notebook):
    try:
        cache.match_cache_notebook(notebook)
    except KeyError:
        return False
    return True


def _execute(path, timeout):
    """(the executed notebook, or None if it failed; seconds)."""
    notebook = myst_nb_reader_plugin(path)
    try:
        result = single_nb_execution(notebook, str(Path(path).parent), timeout, allow_errors=False)
    except RuntimeError:  # the kernel died
        return None, 0.0
    return (None if result.err else result.nb), result.time
