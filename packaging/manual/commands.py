"""A page for each command, from the dump of the argument parser (`--experimental-dump-help`)."""
from __future__ import annotations

import pathlib
import re
from typing import Any

from manual import documents, roff
from manual.page import Page

_EXIT = re.compile(r"\n*Exit codes: (.*)", re.DOTALL)


def is_shown(item: dict[str, Any]) -> bool:
    return item.get("shouldDisplay", True) and item.get("commandName") != "help"


def pages(root_command: dict[str, Any], root: pathlib.Path, others: list[Page]) -> list[Page]:
    codes = ExitCodes((root / "docs/exit-codes.md").read_text(encoding="utf-8"))
    made: list[Page] = []

    def visit(command: dict[str, Any], above: list[str]) -> None:
        words = above + [command["commandName"]]
        below = [sub for sub in command.get("subcommands", []) if is_shown(sub)]
        page = _page(command, words, below, codes)
        path = root / f"packaging/pages/{page.name}.md"
        if path.exists():
            page.add(documents.additions(path.read_text(encoding="utf-8")))
        made.append(page)
        for sub in below:
            visit(sub, words)

    visit(root_command, [])
    _refer(made, others)
    unused = {
        path.stem for path in (root / "packaging/pages").glob("*.md") if not path.stem[-1].isdigit()
    } - {page.name for page in made}
    if unused:
        raise SystemExit(f"packaging/man: no command is named {', '.join(sorted(unused))}")
    return made


def _refer(made: list[Page], others: list[Page]) -> None:
    """Each page leads to those above and below it, the first one to all."""
    first = made[0]
    for page in made:
        if page is first:
            near = made[1:] + others
        else:
            near = [
                other for other in made
                if other is not page
                and (other is first or other.name == page.name.rsplit("-", 1)[0]
                     or other.name.startswith(page.name + "-"))]
        written = page.sections.pop("SEE ALSO", "")
        references = sorted(
            [other for other in near if other.reference.strip("*") not in written],
            key=lambda other: (other.section, other.name))
        line = ", ".join(other.reference for other in references)
        # What was written goes on behind the pages that are found.
        page.sections["SEE ALSO"] = roff.paragraph(line).rstrip("\n") + (
            f",\n{written}" if written else "\n")


def _page(
    command: dict[str, Any], words: list[str], below: list[dict[str, Any]], codes: "ExitCodes",
) -> Page:
    arguments = [argument for argument in command.get("arguments", []) if is_shown(argument)]
    discussion = command.get("discussion", "")
    told = _EXIT.search(discussion)
    text = _EXIT.sub("", discussion)
    abstract = command.get("abstract", "").rstrip(".")
    page = Page("-".join(words), 1, abstract[:1].lower() + abstract[1:], {})
    if len(words) == 1:
        page.abstract = abstract
    page.sections["SYNOPSIS"] = _synopsis(words, arguments, below)
    description = command.get("abstract", "").rstrip(".") + "."
    page.sections["DESCRIPTION"] = roff.blocks(description + "\n\n" + _paragraphs(text))
    if below:
        page.sections["COMMANDS"] = "".join(
            roff.tagged(
                rf"\fB{roff.code(' '.join(words + [sub['commandName']]))}\fR",
                roff.inline(sub.get("abstract", "")))
            for sub in below)
    for title, kinds in (("ARGUMENTS", ["positional"]), ("OPTIONS", ["flag", "option"])):
        entries = [entry(argument) for argument in arguments if argument["kind"] in kinds]
        if entries:
            page.sections[title] = "".join(entries)
    page.sections["EXIT STATUS"] = codes.section(words, told.group(1) if told else "")
    return page


def _paragraphs(text: str) -> str:
    """Names of options stand bold, as in every manual."""
    text = re.sub(r"(?<![\w`-])(--?[a-z][a-z-]*)", r"**\1**", text)
    return re.sub(r"docs/mounting\.md", "**bypassio-options**(5)", text)


def names(argument: dict[str, Any]) -> list[str]:
    dashes = {"short": "-", "long": "--", "longWithSingleDash": "-"}
    made = [dashes[name["kind"]] + name["name"] for name in argument.get("names", [])]
    return sorted(made, key=len)


def _value(argument: dict[str, Any]) -> str:
    return rf"\fI{roff.code(argument.get('valueName') or 'value')}\fR"


def entry(argument: dict[str, Any]) -> str:
    if argument["kind"] == "positional":
        tag = _value(argument)
    else:
        tag = ", ".join(rf"\fB{roff.code(name)}\fR" for name in names(argument))
        if argument["kind"] == "option":
            tag += " " + _value(argument)
    text = " ".join(
        part for part in (argument.get("abstract", ""), argument.get("discussion", "")) if part)
    values = argument.get("allValues")
    if values and not all(value in text for value in values):
        text += f" One of {', '.join(f'`{value}`' for value in values)}."
    default = argument.get("defaultValue")
    if default and argument["kind"] == "option":
        text += f" Default: `{default}`."
    return roff.tagged(tag, roff.inline(_paragraphs(text)) or r"\&")


def _synopsis(
    words: list[str], arguments: list[dict[str, Any]], below: list[dict[str, Any]],
) -> str:
    line = rf"\fB{roff.code(' '.join(words))}\fR"
    ordered = sorted(arguments, key=lambda argument: argument["kind"] == "positional")
    for argument in ordered:
        if argument.get("valueName") in ("help", "version"):
            continue
        if argument["kind"] == "positional":
            piece = _value(argument)
        else:
            piece = rf"\fB{roff.code(names(argument)[-1])}\fR"
            if argument["kind"] == "option":
                piece += r"\~" + _value(argument)
        piece = f"[{piece}]" if argument.get("isOptional") else piece
        line += " " + piece + (r"\&.\|.\|." if argument.get("isRepeating") else "")
    if below:
        line += r" \fIcommand\fR [\fIoption\fR\&.\|.\|.]"
    return f".nh\n.ad l\n{line}\n.ad b\n.hy\n"


class ExitCodes:
    """The first table of docs/exit-codes.md: of a command its column, otherwise what its help says."""

    def __init__(self, text: str):
        table = text[text.index("\n|") + 1:].split("\n\n")[0]
        lines = table.split("\n")
        rows = [roff.cells(line) for line in lines]
        self.heads = [re.findall(r"`([^`]+)`", head) for head in rows[0]]
        self.rows = [self._resolved(row) for row in rows[2:]]

    @staticmethod
    def _resolved(row: list[str]) -> list[str]:
        """Cells that say "the same" mean the one before."""
        for column in range(2, len(row)):
            if row[column].startswith("the same"):
                row[column] = row[column - 1] + row[column].removeprefix("the same")
        return row

    def section(self, words: list[str], told: str) -> str:
        column = next(
            (i for i, heads in enumerate(self.heads) if len(words) > 1 and words[1] in heads), None)
        if column is None:
            pairs = re.findall(r"(\d+) (.*?)(?=, \d+ |\.\s*$|$)", " ".join(told.split()))
        else:
            pairs = [(row[0], row[column]) for row in self.rows if row[column]]
        if not pairs:
            pairs = [("0", "done"), ("64", "the command line is wrong (`EX_USAGE`)")]
        return "".join(
            roff.tagged(rf"\fB{code}\fR", roff.inline(f"{text[:1].upper()}{text[1:]}."))
            for code, text in pairs)
