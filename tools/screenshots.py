"""Pictures of built pages, to look at after a change of style: light, dark, and narrow as a phone.

    python tools/screenshots.py book/intro book/deep/vae_mnist

Wants the built book (`make book`) and Chromium (`apt-get install chromium`). The pictures are
written to _build/screenshots.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / "_build" / "html"
HEIGHT = 16000  # about the most that Chromium draws
LOOKS = {
    "light": ("--window-size=1280,{height}", "--blink-settings=preferredColorScheme=1"),
    "dark": ("--window-size=1280,{height}", "--blink-settings=preferredColorScheme=0"),
    # Headless Chromium makes no window narrower than 500 pixels.
    "phone": ("--window-size=500,{height}", "--blink-settings=preferredColorScheme=1"),
}
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=8000",
)


def browser():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise SystemExit("screenshots: no Chromium found; `apt-get install chromium` gives one.")


def take(program, page, look):
    """One picture of a built page, e.g. `book/intro`; its path."""
    source = HTML / f"{page.removesuffix('.html').removesuffix('.md')}.html"
    if not source.is_file():
        raise SystemExit(f"screenshots: {source.relative_to(ROOT)} is missing; run `make book`.")
    name = source.relative_to(HTML).with_suffix("").as_posix().replace("/", "-")
    picture = ROOT / "_build" / "screenshots" / f"{name}-{look}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        options = [option.format(height=HEIGHT) for option in LOOKS[look]]
        options += [f"--user-data-dir={profile}", f"--screenshot={picture}", source.as_uri()]
        subprocess.run([program, *FLAGS, *options], check=True, capture_output=True)
    return picture


def main(pages):
    if not pages:
        raise SystemExit(__doc__)
    program = browser()
    for page in pages:
        for look in LOOKS:
            print(take(program, page, look).relative_to(ROOT), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
