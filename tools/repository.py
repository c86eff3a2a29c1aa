"""The repository's address, as `_config.yml` gives it, and the addresses that follow from it."""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
# GitHub's own rules, and the underscore of the unset address YOUR_NAME/vicourse.
SLUG = re.compile(r"(?P<owner>[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)/(?P<repo>[A-Za-z0-9._-]+)")


class AddressProblem(ValueError):
    """The address is missing or malformed; the message says what to write."""


@dataclass(frozen=True)
class Address:
    """A GitHub repository, and the addresses that follow from it."""

    owner: str
    repo: str
    branch: str = "main"

    @property
    def slug(self):
        return f"{self.owner}/{self.repo}"

    @property
    def repository(self):
        return f"https://github.com/{self.slug}"

    @property
    def book(self):
        """The published book, without a slash at the end (GitHub Pages' rule)."""
        host = f"{self.owner.lower()}.github.io"
        return f"https://{host}" if self.repo.lower() == host else f"https://{host}/{self.repo}"

    def page(self, path):
        """The published page of a source file, e.g. `book/deep/aevb.md`."""
        return f"{self.book}/{Path(path).with_suffix('.html').as_posix()}"

    def colab(self, path):
        return f"https://colab.research.google.com/github/{self.slug}/blob/{self.branch}/{path}"

    def file(self, path):
        return f"{self.repository}/blob/{self.branch}/{path}"

    def raw(self, path):
        return f"https://raw.githubusercontent.com/{self.slug}/{self.branch}/{path}"


def parse_slug(text, branch="main"):
    """`OWNER/REPO` as an Address."""
    match = SLUG.fullmatch(text or "")
    if not match or match["repo"] in {".", ".."} or match["repo"].endswith(".git"):
        raise AddressProblem(
            f"wanted OWNER/REPO as on GitHub, for instance ada/vicourse; got {text!r}."
        )
    return Address(match["owner"], match["repo"], branch)


def read_address(root=ROOT):
    """The address in `root/_config.yml`."""
    config = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    repository = config.get("repository", {})
    url = repository.get("url", "")
    if not url.startswith("https://github.com/"):
        raise AddressProblem(
            f"_config.yml: repository: url: must be https://github.com/OWNER/REPO, got {url!r}."
        )
    slug = url.removeprefix("https://github.com/").rstrip("/")
    return parse_slug(slug, repository.get("branch", "main"))
