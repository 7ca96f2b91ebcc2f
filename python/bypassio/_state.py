"""The verdict on a path of a mounted volume, in the words of `bypassio state`."""
from __future__ import annotations

import enum
import errno
import json
import os
from dataclasses import dataclass
from typing import Any, Optional, Union

from ._wire import OutputFlags, Status

# In which a service answers for each of its files, without an open that would change what is asked.
_ATTRIBUTE = "user.bypassio.stack"


class Verdict(enum.IntEnum):
    """By the exit code of `bypassio state`."""

    SUPPORTED = 0
    NOT_SUPPORTED = 1
    PARTIALLY_SUPPORTED = 2


@dataclass(frozen=True)
class Veto:
    """A layer refuses."""

    driver: str
    status: Status
    reason: str

    @property
    def number(self) -> str:
        """Win32's; of a status without one the status itself."""
        win32 = self.status.win32
        return str(win32) if win32 is not None else f"0x{int(self.status):X}"


@dataclass(frozen=True)
class State:
    """What the layers below a path say to a QUERY."""

    path: str
    verdict: Verdict
    #: The first layer in the way; None if there is none.
    veto: Optional[Veto]
    storage_type: str
    storage_driver: str
    flags: OutputFlags

    def lines(self, verbose: bool = False) -> list[str]:
        """The lines of `bypassio state`; with `verbose` those of the storage, too."""
        name, veto = f'BypassIo on "{self.path}" is', self.veto
        if veto is None:
            return [f"{name} currently supported."] + (self._storage() if verbose else [])
        number = f"{veto.number} ({veto.status.message})"
        if self.verdict is Verdict.NOT_SUPPORTED:
            return [
                f"{name} not currently supported.", f"Status: {number}", f"Driver: {veto.driver}",
                f"Reason: {veto.reason}"]
        return [
            f"{name} partially supported",
            f"    Volume stack bypass is disabled ({veto.driver})", f"      Status:  {number}",
            f"      Reason:  {veto.reason}"] + self._storage()

    def _storage(self) -> list[str]:
        compatible = OutputFlags.COMPATIBLE_STORAGE_DRIVER in self.flags
        return [
            f"    Storage Type:   {self.storage_type}",
            f"    Storage Driver: {'' if compatible else 'Not '}BypassIo compatible",
            f"    Driver Name:    {self.storage_driver}"]


class NoVolumeError(OSError):
    """The path is on no mounted bypassio volume."""


def state(path: Union[str, os.PathLike[str]]) -> State:
    """Asks the volume that a path lies on; opens nothing.

    Raises NoVolumeError where that is none, and OSError where it does not answer. A service that
    hangs keeps the caller waiting.
    """
    try:
        told: dict[str, Any] = json.loads(os.getxattr(path, _ATTRIBUTE))
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP):
            raise NoVolumeError(
                error.errno, "not on a mounted bypassio volume", os.fspath(path)) from None
        raise
    filters, whole = _veto(told.get("filters")), _veto(told.get("whole"))
    verdict = (
        Verdict.NOT_SUPPORTED if filters
        else Verdict.PARTIALLY_SUPPORTED if whole else Verdict.SUPPORTED)
    return State(
        os.fspath(path), verdict, filters or whole, told["storageType"], told["storageDriver"],
        OutputFlags(told["flags"]))


def _veto(told: Optional[dict[str, Any]]) -> Optional[Veto]:
    return told and Veto(told["driver"], Status(told["status"]), told["reason"]) or None
