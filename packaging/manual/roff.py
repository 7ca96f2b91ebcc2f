"""Markdown as the documents of this project use it, turned into man(7)."""
from __future__ import annotations

import re


def _characters(text: str) -> str:
    special = {"\\": r"\e", "~": r"\(ti", "^": r"\(ha", "`": r"\(ga", "'": r"\(aq", '"': r"\(dq"}
    return "".join(
        special.get(character, character)
        if ord(character) < 128 else f"\\[u{ord(character):04X}]" for character in text)


def prose(text: str) -> str:
    return _characters(text)


def code(text: str) -> str:
    """What is typed: a hyphen there is a minus."""
    return _characters(text).replace("-", r"\-")


def argument(text: str) -> str:
    """Within the quotation marks of a macro's argument."""
    return _characters(text)


_PIECES = re.compile(r"(`[^`]+`|\*\*[^*]+\*\*|!?\[(?:[^\[\]]|\[[^\]]*\])*\]\([^)\s]+\))")


def inline(text: str) -> str:
    """`code` and **strong** in bold, links by their text; a link elsewhere with its address."""
    made = ""
    for piece in _PIECES.split(text):
        if len(piece) > 2 and piece.startswith("`"):
            made += rf"\fB{code(piece[1:-1])}\fR"
        elif piece.startswith("**"):
            made += rf"\fB{code(piece[2:-2])}\fR"
        elif piece.startswith("[") and "](" in piece:
            words, target = piece[1:-1].rsplit("](", 1)
            made += inline(words) + (f" ({code(target)})" if "://" in target else "")
        else:
            made += prose(piece)
    return made


def _line(text: str) -> str:
    """A line of text, which must not begin like a request."""
    return (r"\&" if text[:1] in (".", "'") else "") + text


def paragraph(text: str) -> str:
    return _line(inline(" ".join(text.split()))) + "\n"


def literal(lines: list[str]) -> str:
    body = "".join(_line(code(line)) + "\n" for line in lines)
    return f".RS 4\n.nf\n{body}.fi\n.RE\n"


def tagged(tag: str, text: str) -> str:
    """`tag` is roff already."""
    return f".TP\n{_line(tag)}\n{_line(text)}\n"


_BAR = re.compile(r"(?<!\\)\|")


def cells(line: str) -> list[str]:
    return [cell.strip().replace(r"\|", "|") for cell in _BAR.split(line.strip().strip("|"))]


def table(lines: list[str]) -> str:
    """Rows as tagged paragraphs. The widest column is the text; what stands before it comes in
    parentheses, and what stands behind it with the name of its column."""
    rows = [cells(line) for line in lines]
    head, body = rows[0], rows[2:]
    columns = range(1, len(head))
    widest = max(columns, key=lambda column: sum(len(row[column]) for row in body))
    made = ""
    for row in body:
        if not any(row):
            continue
        before = [row[column] for column in columns if column < widest and row[column]]
        behind = [
            f"{head[column].capitalize()}: {row[column]}."
            for column in columns if column > widest and row[column]]
        text = row[widest]
        if behind and text and text[-1] not in ".!?":
            text += "."
        words = ([f"({', '.join(before)})"] if before else []) + ([text] if text else []) + behind
        made += tagged(inline(row[0]) or r"\&", inline(" ".join(words)) or r"\&")
    return made


def blocks(text: str) -> str:
    """The body of a section."""
    lines = text.split("\n")
    made = ""
    # Whether a paragraph would run into what stands before it.
    begins = True
    index = 0
    while index < len(lines):
        line = lines[index]
        if not line.strip():
            index += 1
        elif line.startswith("```"):
            end = next(i for i in range(index + 1, len(lines)) if lines[i].startswith("```"))
            made += ("" if begins else ".PP\n") + literal(lines[index + 1:end])
            index, begins = end + 1, False
        elif line.startswith("#"):
            made += f'.SS "{argument(line.lstrip("# ").replace("`", ""))}"\n'
            index, begins = index + 1, True
        elif line.startswith("|"):
            end = next(
                (i for i in range(index, len(lines)) if not lines[i].startswith("|")), len(lines))
            made += table(lines[index:end])
            index, begins = end, False
        elif line.startswith("- "):
            end = next(
                (i for i in range(index + 1, len(lines))
                 if lines[i].startswith("- ") or not lines[i].startswith("  ")), len(lines))
            made += '.IP \\(bu 2\n' + paragraph(" ".join(lines[index:end])[2:])
            index, begins = end, False
        else:
            end = next(
                (i for i in range(index, len(lines))
                 if not lines[i].strip() or lines[i].startswith(("```", "|", "- ", "#"))),
                len(lines))
            made += ("" if begins else ".PP\n") + paragraph(" ".join(lines[index:end]))
            index, begins = end, False
    return made


def sections(text: str, level: int = 2) -> dict[str, str]:
    """The bodies below headings of that level, as Markdown; what stands before them has no title."""
    found: dict[str, str] = {}
    title, fenced = "", False
    for line in text.split("\n"):
        fenced ^= line.startswith("```")
        if not fenced and line.startswith("#" * level + " "):
            title = line[level + 1:].replace("`", "").strip()
            found[title] = ""
        else:
            found[title] = found.get(title, "") + line + "\n"
    return found
