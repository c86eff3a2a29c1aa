"""Where a data set's file is found: your folder, the cache, or its public home."""

import os
import tempfile
import textwrap
import threading
from pathlib import Path

import pooch

CONTACT_SECONDS = 5.0  # to find out that there is no connection
STALL_SECONDS = 20.0  # to give up on a download that has stopped


class StandInNotice(UserWarning):
    """A data set could not be had, and scikit-learn's digits stand in for it."""


class NotHad(Exception):
    """No place had the file; `tried` has a line for each."""

    def __init__(self, tried):
        super().__init__("; ".join(tried))
        self.tried = tried


def obtained(files, url, read, *, download, quiet):
    """What `read` makes of the first file that is found, and where that was.

    Args:
        files: the names that it may have in a folder; at `url` it is the last of them.
        url: its public home.
        read: a function of (path, called, remedy): proves that the file is the right one, and
            raises DataError, with `called` for the file's name and `remedy` at the end, if not.
        download: whether a download may be tried.
        quiet: no progress bar.

    Returns:
        The pair (data, source).

    Raises:
        NotHad: no place has it.
        DataError: `read` refused a file.
    """
    tried = []
    for place, folder, remedy in _folders(url):
        for file in files:
            path = folder / file
            try:
                return read(path, str(path), remedy), f"{file} in {place}"
            except (FileNotFoundError, NotADirectoryError):
                tried.append(f"{place}: there is no {path}")
    if not download:
        raise NotHad([*tried, "download: not tried, because of download=False"])
    try:
        return _download(url, _cache_folder() / files[-1], read, quiet), url
    except OSError as error:  # requests' exceptions are OSErrors too
        why = textwrap.shorten(str(error), 400)
        line = f"download from {url}: {type(error).__name__}: {why}"
        raise NotHad([*tried, line]) from error


def notice(name, note, url, tried):
    """The text of a `StandInNotice`: what is missing, where it was looked for, what to do."""
    places = "\n".join(f"  - {line}" for line in tried)
    return (
        f"{name} could not be had. {note}\n"
        f"Figures on it do not compare with those on {name}. Tried:\n{places}\n"
        f"To get {name}: try again with a connection and a cache folder that can be written "
        f"(VICOURSE_CACHE_DIR chooses another); or put {url} into a folder and set "
        f"VICOURSE_DATA_DIR to that folder."
    )


def _folders(url):
    """Where a copy may lie already: what the place is called, the folder, what to do if bad."""
    if os.environ.get("VICOURSE_DATA_DIR"):
        remedy = f"Put the file from {url} there, or unset VICOURSE_DATA_DIR."
        yield "VICOURSE_DATA_DIR", Path(os.environ["VICOURSE_DATA_DIR"]).expanduser(), remedy
    yield "the cache", _cache_folder(), "Delete it and try again."


def _cache_folder():
    return Path(os.environ.get("VICOURSE_CACHE_DIR") or pooch.os_cache("vicourse")).expanduser()


def _download(url, path, read, quiet):
    """The data from its public home. The file takes its place only whole and verified."""
    _check_connection(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place, because a file moves in one step only within one file system.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="download-") as temporary:
        part = Path(temporary, path.name)
        fetch = pooch.HTTPDownloader(progressbar=not quiet, timeout=STALL_SECONDS)
        fetch(url, str(part), None)
        remedy = (
            "Nothing was kept. A proxy or a sign-in page may have answered instead: open the "
            "address in a browser, and point VICOURSE_DATA_DIR at the folder with the file; or "
            "call load_digits_stand_in()."
        )
        data = read(part, f"The file from {url}", remedy)
        os.replace(part, path)
    return data


def _check_connection(url):
    """Returns if the server answers, whatever it says; else an OSError within seconds.

    Name look-up and each of a server's many addresses have a timeout of their own. Behind a
    firewall that drops packets they add up to minutes, so the wait here is for all together.
    """
    outcome = []

    def ask():
        try:
            head = pooch.HTTPDownloader(timeout=CONTACT_SECONDS)
            outcome.append(head(url, None, None, check_only=True))
        except Exception as error:  # raised again by the thread that waits
            outcome.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(CONTACT_SECONDS)
    if not outcome:
        raise TimeoutError(f"no answer within {CONTACT_SECONDS:g} seconds")
    if isinstance(outcome[0], Exception):
        raise outcome[0]
