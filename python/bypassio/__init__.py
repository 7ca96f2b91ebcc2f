"""BypassIO requests to files of mounted bypassio volumes.

    import os
    import bypassio

    fd = os.open("/mnt/games/level1.pak", os.O_RDONLY | os.O_DIRECT)
    answer = bypassio.enable(fd)
    if answer.is_vetoed:
        print(f"{answer.driver} refuses: {answer.reason}")

A veto is an answer. RequestError is raised where a request failed as a whole, and OSError where it
never got to a volume: ENOTTY says that the file is on none. Any thread may call everything here.
"""
from __future__ import annotations

from ._state import NoVolumeError, State, Verdict, Veto, state
from ._wire import (
    FSCTL_MANAGE_BYPASS_IO, Answer, Info, InputFlags, Operation, OutputFlags, RequestError, Status,
    disable, enable, fsctl, info, manage, query)

__version__ = "0.1.0"
__all__ = [
    "FSCTL_MANAGE_BYPASS_IO", "Answer", "Info", "InputFlags", "NoVolumeError", "Operation",
    "OutputFlags", "RequestError", "State", "Status", "Verdict", "Veto", "disable", "enable",
    "fsctl", "info", "manage", "query", "state",
]
