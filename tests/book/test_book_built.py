"""The built book, where there is one (`make book`): it loads nothing from the net."""

import re
from pathlib import Path

import pytest

HTML = Path(__file__).parents[2] / "_build" / "html"
ASSET = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\ssrc\s*=\s*[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|<link\b(?=[^>]*\brel\s*=\s*[\"']?(?:stylesheet|preload|preconnect|icon|modulepreload))"
    r"[^>]*?\shref\s*=\s*[\"']?((?:https?:)?//[^\"'\s>]+)",
    re.IGNORECASE,
)
STYLE_ASSET = re.compile(r"(?:@import\s+|url\(\s*)[\"']?((?:https?:)?//[^\"')\s]+)")


def foreign_assets(text, pattern):
    return [next(filter(None, match.groups())) for match in pattern.finditer(text)]


@pytest.mark.skipif(not HTML.is_dir(), reason="the book has not been built")
def test_no_page_or_style_loads_anything_from_the_net():
    found = {}
    for suffix, pattern in ((".html", ASSET), (".css", STYLE_ASSET)):
        for path in HTML.rglob(f"*{suffix}"):
            if assets := foreign_assets(path.read_text("utf-8", errors="replace"), pattern):
                found[path.relative_to(HTML).as_posix()] = assets
    assert found == {}


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ('<script async src="https://cdn.org/x.js">', ASSET),
        ("<img alt='a' src='//cdn.org/x.png'>", ASSET),
        ('<link rel="stylesheet" href="https://fonts.org/x.css">', ASSET),
        ('<link href="https://fonts.org/x.css" rel="stylesheet">', ASSET),
        ("@import 'https://fonts.org/x.css';", STYLE_ASSET),
        ("src: url(https://fonts.org/x.woff2)", STYLE_ASSET),
    ],
)
def test_a_foreign_asset_would_be_found(text, pattern):
    assert len(foreign_assets(text, pattern)) == 1


def test_links_that_a_reader_clicks_are_no_assets():
    text = (
        '<a href="https://doi.org/x"><link rel="canonical" href="https://x.org/"><img src="a.png">'
    )
    assert foreign_assets(text, ASSET) == []
