"""Pages of formats and of what a mount does, from the documents, and pages that are written whole."""
from __future__ import annotations

import pathlib
import re
import sys

from manual import roff
from manual.page import Page

# Name and section, abstract, document, the headings that it has of that document (none: all), and
# the pages to see also.
OF_DOCUMENTS = [
    ("bypassio-options", 5, "options of a bypassio mount, its configuration file, and fstab",
     "docs/mounting.md", ["Options", "A configuration file", "mount(8) and fstab"],
     "**bypassio-mount**(1), **mount.bypassio**(8), **bypassio-mounting**(7), **fstab**(5)"),
    ("bypassio-log", 5, "the log of a bypassio service",
     "docs/mounting.md", ["The log"],
     "**bypassio-mount**(1), **bypassio-options**(5), **journalctl**(1), **logrotate**(8)"),
    ("bypassio-lab", 5, "scenarios of BypassIO: their language, and how they are played",
     "docs/lab.md", [],
     "**bypassio-lab**(1), **bypassio-lab-run**(1)"),
    ("bypassio-encrypt", 5, "encrypted files of a bypassio mount, and their format",
     "docs/encrypt.md", [],
     "**bypassio-init-encrypt**(1), **bypassio-mount**(1), **bypassio-filters**(1), "
     "**gocryptfs**(1)"),
    ("bypassio-scan", 5, "files of a bypassio mount that clamd scans, and the store of verdicts",
     "docs/scan.md", [],
     "**bypassio-mount**(1), **bypassio-filters**(1), **bypassio-set**(1), **clamd**(8), "
     "**clamd.conf**(5)"),
    ("bypassio-mounting", 7, "what a bypassio mount does, and does not do",
     "docs/mounting.md",
     ["What a mount tells", "What programs see", "Bypass and the page cache", "The content scanner",
      "Descriptors", "Unmounting always ends", "When the service is gone"],
     "**bypassio-mount**(1), **bypassio-options**(5), **bypassio-state**(1), **fuse**(4)"),
]


def pages(root: pathlib.Path) -> list[Page]:
    return _of_documents(root) + _written(root)


def _of_documents(root: pathlib.Path) -> list[Page]:
    made = []
    for name, section, abstract, document, headings, see_also in OF_DOCUMENTS:
        text = (root / document).read_text(encoding="utf-8")
        found = roff.sections(text.split("\n", 1)[1])
        introduction = found.pop("", "")
        missing = [heading for heading in headings if heading not in found]
        if missing:
            sys.exit(f"packaging/man: {document} has no section {', '.join(missing)}")
        page = Page(name, section, abstract, {})
        if not headings:
            page.sections["DESCRIPTION"] = roff.blocks(introduction)
        elif len(headings) == 1:
            page.sections["DESCRIPTION"] = roff.blocks(found[headings[0]])
        if len(headings) != 1:
            page.add({title.upper(): roff.blocks(found[title]) for title in headings or found})
        page.sections["SEE ALSO"] = roff.paragraph(see_also)
        made.append(page)
    return made


def _written(root: pathlib.Path) -> list[Page]:
    """NAME.SECTION.md: its first line is `# NAME, ALIAS… - ABSTRACT`."""
    made = []
    for path in sorted((root / "packaging/pages").glob("*.[1-8].md")):
        title, text = path.read_text(encoding="utf-8").split("\n", 1)
        names, abstract = title.removeprefix("# ").split(" - ", 1)
        name, *aliases = re.split(r",\s*", names)
        page = Page(name, int(path.suffixes[-2][1:]), abstract, {}, aliases)
        page.add(additions(text))
        made.append(page)
    return made


def additions(text: str) -> dict[str, str]:
    """The sections of a file of packaging/pages/, as roff."""
    found = roff.sections(text)
    found.pop("", None)
    return {title.upper(): roff.blocks(body) for title, body in found.items()}
