"""A page of the manual, and how it is put together."""
from __future__ import annotations

import dataclasses

from manual import roff

# What readers of manuals expect, in this order; other sections stand before EXIT STATUS.
FIRST = ["SYNOPSIS", "DESCRIPTION", "COMMANDS", "ARGUMENTS", "OPTIONS"]
LAST = ["EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "NOTES", "SEE ALSO"]


@dataclasses.dataclass
class Page:
    name: str
    section: int
    abstract: str
    # Title to roff.
    sections: dict[str, str]
    aliases: list[str] = dataclasses.field(default_factory=list)

    @property
    def reference(self) -> str:
        return f"**{self.name}**({self.section})"

    def add(self, sections: dict[str, str]) -> None:
        """Sections that somebody wrote; a section that is there goes on with them."""
        for title, text in sections.items():
            self.sections[title] = self.sections.get(title, "") + text

    def ordered(self) -> list[tuple[str, str]]:
        own = [title for title in self.sections if title not in FIRST + LAST]
        order = FIRST + own + LAST
        return [(title, self.sections[title]) for title in order if title in self.sections]


@dataclasses.dataclass
class Book:
    version: str
    date: str
    pages: list[Page] = dataclasses.field(default_factory=list)

    def roff(self, page: Page) -> str:
        names = ", ".join([page.name, *page.aliases])
        title = f'.TH "{roff.argument(page.name.upper())}" "{page.section}" "{self.date}" '
        head = title + f'"bypassio {self.version}" "bypassio manual"\n'
        text = ".SH NAME\n" + roff.code(names) + r" \- " + roff.inline(page.abstract) + "\n"
        for heading, body in page.ordered():
            text += f'.SH "{roff.argument(heading)}"\n{body}'
        return head + text
