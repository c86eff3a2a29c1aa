"""The glossary: reads and checks book/reference/glossary.yml, and writes it out as MyST text.

English is complete by rule. Another language is shown once every entry has it.
"""

import re
import unicodedata
from dataclasses import dataclass

import yaml

PAGE = "book/reference/glossary.md"
SOURCE = "book/reference/glossary.yml"
LANGUAGES = {"en": "English", "es": "Español", "zh": "中文"}
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class GlossaryProblem(ValueError):
    """What is wrong with the glossary's source, naming the entry and the remedy."""


@dataclass(frozen=True)
class Wording:
    """A term in one language. `forms` are other words for it, which may stand in a link."""

    term: str
    definition: str
    forms: tuple = ()

    @property
    def words(self):
        """The term and its forms, in lower case."""
        return {word.lower() for word in (self.term, *self.forms)}


@dataclass(frozen=True)
class Entry:
    """One entry; `wordings` maps a language to a Wording, `chapters` begins with the first."""

    id: str
    wordings: dict
    chapters: tuple
    see: tuple = ()

    @property
    def english(self):
        return self.wordings["en"]


def read_glossary(path):
    """The entries of a glossary.yml, in alphabetical order of the English terms.

    Raises:
        GlossaryProblem: an entry lacks something, has something unknown, or stands twice.
    """
    entries = [_entry(raw) for raw in yaml.safe_load(path.read_text("utf-8"))]
    ids = [entry.id for entry in entries]
    terms = [entry.english.term.lower() for entry in entries]
    for what, names in (("id", ids), ("term", terms)):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise GlossaryProblem(f"every {what} stands once; these stand twice: {twice}")
    for entry in entries:
        if unknown := set(entry.see) - set(ids):
            raise GlossaryProblem(f"{entry.id}: see: no entries have the ids {sorted(unknown)}")
    return sorted(entries, key=lambda entry: alphabetical(entry.english.term))


def _entry(raw):
    name = raw.get("id", "") if isinstance(raw, dict) else ""
    if not ID.fullmatch(name):
        raise GlossaryProblem(f"wanted an entry with an id such as 'latent-variable'; got {raw!r}")
    if unknown := set(raw) - {"id", "chapters", "see", *LANGUAGES}:
        raise GlossaryProblem(f"{name}: unknown keys {sorted(unknown)}")
    if "en" not in raw or not raw.get("chapters"):
        raise GlossaryProblem(f"{name}: every entry needs `en` and at least one of `chapters`")
    wordings = {code: _wording(raw[code], f"{name}: {code}") for code in LANGUAGES if code in raw}
    return Entry(name, wordings, tuple(raw["chapters"]), tuple(raw.get("see", ())))


def _wording(raw, where):
    if unknown := set(raw) - {"term", "definition", "forms"}:
        raise GlossaryProblem(f"{where}: unknown keys {sorted(unknown)}")
    for key in ("term", "definition"):
        if not str(raw.get(key) or "").strip():
            raise GlossaryProblem(f"{where}: the {key} is missing")
    return Wording(raw["term"], " ".join(raw["definition"].split()), tuple(raw.get("forms", ())))


def alphabetical(term):
    """A key for sorting: neither case nor accents count."""
    plain = unicodedata.normalize("NFKD", term)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


def missing(entries, language):
    """The ids of the entries that `language` still lacks."""
    return [entry.id for entry in entries if language not in entry.wordings]


def shown_languages(entries):
    """The codes of the languages in which every entry is written."""
    return [code for code in LANGUAGES if not missing(entries, code)]


def glossary_lines(entries, link):
    """What stands inside of a `{glossary}` directive: each term, then its definition, indented.

    Args:
        entries: as from `read_glossary`.
        link: turns a chapter ("foundations/elbo") into MyST text.
    """
    by_id = {entry.id: entry for entry in entries}
    lines = []
    for entry in entries:
        paragraphs = [
            wording.definition if code == "en" else _translation(code, wording)
            for code in shown_languages(entries)
            for wording in [entry.wordings[code]]
        ]
        links = [f"{{term}}`{by_id[other].english.term}`" for other in entry.see]
        ways = ", ".join(link(chapter) for chapter in entry.chapters)
        # A point between the two, since the titles of chapters may end with a question mark.
        also = f" · See also: {', '.join(links)}" if links else ""
        paragraphs.append(f"Explained in: {ways}{also}")
        lines += [entry.english.term]
        for paragraph in paragraphs:
            lines += [f"   {paragraph}", ""]
    return lines


def _translation(code, wording):
    return f"*{LANGUAGES[code]}:* **{wording.term}**. {wording.definition}"
