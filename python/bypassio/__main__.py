"""python3 -m bypassio state [-v] PATH: what `bypassio state` prints of a file on a volume."""
from __future__ import annotations

import argparse
import io
import sys
import unicodedata
from typing import NoReturn

from . import NoVolumeError, __version__, state

# Of the command: wrong command line, no such file.
_USAGE, _NO_INPUT = 64, 66


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(_USAGE, f"{self.prog}: {message}\n")


def _on_one_line(text: str) -> str:
    """As the command does: what moves a terminal's cursor could forge a line."""
    return "".join(
        f"\\u{{{ord(character):X}}}"
        if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") else character
        for character in text)


def main() -> int:
    """Returns the exit code of `bypassio state`."""
    parser = _Parser(prog="python3 -m bypassio", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    asked = commands.add_parser(
        "state", help="whether a file supports BypassIO, or which layer refuses")
    asked.add_argument("-v", "--verbose", action="store_true", help="the storage, too")
    asked.add_argument("path", help="a file, a directory or a mount point of a bypassio volume")
    options = parser.parse_args()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        found = state(options.path)
    except NoVolumeError:
        print(
            f"bypassio: {_on_one_line(options.path)} is on no mounted bypassio volume: the command "
            "bypassio state answers for other paths.", file=sys.stderr)
        return _NO_INPUT
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        print(f"bypassio: {_on_one_line(options.path)}: {words}.", file=sys.stderr)
        return _NO_INPUT
    for line in found.lines(options.verbose):
        print(_on_one_line(line))
    return int(found.verdict)


if __name__ == "__main__":
    sys.exit(main())
