"""Take the README's picture, the learned manifold, from the built book.

    make book && .venv/bin/python tools/readme_picture.py

Run it with MNIST at hand; the picture is committed.
"""

import io
import re
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "_build" / "html" / "book" / "deep" / "vae_mnist.html"
PICTURE = ROOT / "book" / "_static" / "manifold.png"
COLORS = 16  # enough for grey strokes, and a small file


def main():
    match = PAGE.exists() and re.search(
        r'<figure[^>]*id="fig-vae-manifold".*?<img[^>]*src="([^"]+)"', PAGE.read_text("utf-8"), re.S
    )
    if not match:
        sys.exit("vicourse: no manifold in the built book: run `make book` first.")
    picture = Image.open((PAGE.parent / match[1]).resolve()).convert("L").quantize(COLORS)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    PICTURE.write_bytes(buffer.getvalue())
    print(f"{PICTURE.relative_to(ROOT)}: {picture.size}, {len(buffer.getvalue())} bytes")


if __name__ == "__main__":
    main()
