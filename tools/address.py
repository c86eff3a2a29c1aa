"""Set the repository's address, which stands in `_config.yml`, everywhere by one command.

    python tools/address.py                      print the address
    python tools/address.py --set OWNER/REPO     move the course to another repository
    python tools/address.py --from-env           the same, from GITHUB_REPOSITORY

Setting changes `_config.yml`, every text file that carries the old address (badges, links), and the
derived notebooks. It runs no notebook, and a second run changes nothing.
"""

import argparse
import os
import re
import sys
from pathlib import Path

from myst_blocks import SourceProblem
from notebooks import NotebookProblem, derive_all
from repository import ROOT, Address, AddressProblem, parse_slug, read_address

TEXT_SUFFIXES = {".md", ".toml", ".cff", ".yml", ".yaml", ".html"}
SKIPPED_FOLDERS = {".git", "_build", "build", "node_modules", "tests", "__pycache__"}


def text_files(root=ROOT):
    """The files that may carry the address: text, not derived, not a test's fixture."""
    for folder, folders, names in os.walk(root):
        kept = (name for name in folders if not name.startswith(".venv"))
        folders[:] = sorted(set(kept) - SKIPPED_FOLDERS)
        for name in sorted(names):
            if Path(name).suffix in TEXT_SUFFIXES:
                yield Path(folder, name)


def replace_address(text, old, new):
    """`text` with every address that belongs to `old` written for `new`."""
    # In one pass, so that nothing written for `new` is taken for `old` again.
    addresses = rf"(?<![\w.-]){re.escape(old.slug)}(?![\w-])|{re.escape(old.book)}(?![\w-])"
    return re.sub(addresses, lambda m: new.slug if m[0] == old.slug else new.book, text)


def set_address(new, root=ROOT):
    """Write `new` wherever the present address stands; the changed files, notebooks included."""
    old = read_address(root)
    new = Address(new.owner, new.repo, old.branch)
    changed = []
    for path in text_files(root):
        text = path.read_bytes().decode("utf-8")
        moved = replace_address(text, old, new)
        if moved != text:
            path.write_bytes(moved.encode("utf-8"))
            changed.append(path.relative_to(root))
    return changed + derive_all(root, execute="never")


def main(arguments=None, root=ROOT):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--set", metavar="OWNER/REPO", help="the new address")
    where.add_argument("--from-env", action="store_true", help="take it from GITHUB_REPOSITORY")
    options = parser.parse_args(arguments)
    try:
        slug = os.environ.get("GITHUB_REPOSITORY", "") if options.from_env else options.set
        if slug is not None:
            for path in set_address(parse_slug(slug), root):
                print(f"changed {path}")
        now = read_address(root)
        print(f"repository {now.repository}\nbook       {now.book}")
    except (AddressProblem, NotebookProblem, SourceProblem) as problem:
        print(f"address: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
