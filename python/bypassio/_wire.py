"""The control code's structures, byte for byte (bypassio.h), and the ioctl that carries them."""
from __future__ import annotations

import enum
import fcntl
import struct
from dataclasses import dataclass
from typing import Protocol, Union

from ._statuses import STATUSES

FSCTL_MANAGE_BYPASS_IO = 0x00090448
_IOC_FSCTL = 0xC2004201
# struct bypassio_fsctl: six numbers, then the buffer.
_HEADER = struct.Struct("<IIIIiI")
_MESSAGE_SIZE = 512
_CARRIED = _MESSAGE_SIZE - _HEADER.size
_INPUT = struct.Struct("<IIQQ")
_OUTPUT_SIZE = 352
_BODY = 24


class HasFileno(Protocol):
    """An open file."""

    def fileno(self) -> int: ...


Descriptor = Union[int, HasFileno]


class Operation(enum.IntEnum):
    """FS_BPIO_OPERATIONS."""

    ENABLE = 1
    DISABLE = 2
    QUERY = 3
    VOLUME_STACK_PAUSE = 4
    VOLUME_STACK_RESUME = 5
    STREAM_PAUSE = 6
    STREAM_RESUME = 7
    GET_INFO = 8


class InputFlags(enum.IntFlag):
    """FS_BPIO_INFLAGS."""

    NONE = 0
    SKIP_STORAGE_STACK_QUERY = 1


class OutputFlags(enum.IntFlag):
    """FS_BPIO_OUTFLAGS."""

    NONE = 0
    VOLUME_STACK_BYPASS_PAUSED = 1
    STREAM_BYPASS_PAUSED = 2
    FILTER_ATTACH_BLOCKED = 4
    COMPATIBLE_STORAGE_DRIVER = 8


class Status(int):
    """An NTSTATUS, as the unsigned number that headers show."""

    def __new__(cls, value: int) -> "Status":
        return super().__new__(cls, value & 0xFFFFFFFF)

    @property
    def is_error(self) -> bool:
        """Severity error (NT_ERROR)."""
        return self >> 30 == 3

    @property
    def name(self) -> str:
        """As ntstatus.h has it; the number of a status that is not known here."""
        return STATUSES[self][0] if self in STATUSES else f"0x{int(self):08X}"

    @property
    def win32(self) -> int | None:
        """The number that user mode sees on Windows; None for a status without one."""
        return STATUSES[self][1] if self in STATUSES else None

    @property
    def message(self) -> str:
        """A sentence without a full stop."""
        return STATUSES[self][2] if self in STATUSES else f"Status 0x{int(self):08X}"

    def __repr__(self) -> str:
        return f"Status({self.name})"


class RequestError(Exception):
    """The request as a whole failed, with an NTSTATUS. A veto is none."""

    def __init__(self, status: Status):
        super().__init__(f"{status.name}: {status.message}.")
        self.status = status


@dataclass(frozen=True)
class Answer:
    """What the layers said to a request (FS_BPIO_RESULTS)."""

    operation: int
    flags: OutputFlags
    #: Of the layer that refuses; 0 if none does.
    status: Status
    #: The layer that refuses; empty if none does.
    driver: str
    #: Why, in its words.
    reason: str

    @property
    def is_vetoed(self) -> bool:
        """A layer refuses."""
        return self.status.is_error


@dataclass(frozen=True)
class Info:
    """What GET_INFO says of the volume (FS_BPIO_INFO)."""

    flags: OutputFlags
    #: Open file objects of the volume with bypass.
    active_bypass_count: int
    storage_driver: str


def fsctl(fd: Descriptor, code: int, data: bytes, output_length: int) -> tuple[Status, bytes]:
    """Sends any control code to an open file or directory, as DeviceIoControl does.

    Of a longer input the first 488 bytes are carried, and at most 488 bytes come back. Returns the
    status of the request and the output's bytes. Raises OSError where it never got to a volume.
    """
    message = bytearray(_MESSAGE_SIZE)
    _HEADER.pack_into(message, 0, code, 0, len(data), output_length, 0, 0)
    carried = data[:_CARRIED]
    message[_HEADER.size:_HEADER.size + len(carried)] = carried
    fcntl.ioctl(fd, _IOC_FSCTL, message)
    *_, status, written = _HEADER.unpack_from(message)
    room = min(written, output_length, _CARRIED)
    return Status(status), bytes(message[_HEADER.size:_HEADER.size + room])


def _text(output: bytes, offset: int, capacity: int) -> str:
    """The text behind its length, which counts UTF-16 units; more than fits is not believed."""
    (units,) = struct.unpack_from("<H", output, offset)
    start = offset + 2
    return output[start:start + 2 * min(units, capacity)].decode("utf-16-le", errors="replace")


def manage(
    fd: Descriptor, operation: Operation | int, flags: InputFlags | int = InputFlags.NONE,
) -> Answer | Info:
    """One operation of FSCTL_MANAGE_BYPASS_IO: an Info for GET_INFO, otherwise an Answer.

    Raises RequestError where the request failed as a whole, and OSError where it never got to a
    volume: ENOTTY (the file is on none), ENOTCONN (its service is gone).
    """
    request = _INPUT.pack(operation, flags, 0, 0)
    status, output = fsctl(fd, FSCTL_MANAGE_BYPASS_IO, request, _OUTPUT_SIZE)
    if status.is_error:
        raise RequestError(status)
    # An operation without results ends behind the header.
    output = output.ljust(_OUTPUT_SIZE, b"\0")
    told, out_flags = struct.unpack_from("<II", output)
    if operation == Operation.GET_INFO:
        (count,) = struct.unpack_from("<I", output, _BODY)
        return Info(OutputFlags(out_flags), count, _text(output, _BODY + 4, 32))
    (verdict,) = struct.unpack_from("<i", output, _BODY)
    return Answer(
        told, OutputFlags(out_flags), Status(verdict), _text(output, _BODY + 4, 32),
        _text(output, _BODY + 70, 128))


def _answer(fd: Descriptor, operation: Operation, flags: InputFlags = InputFlags.NONE) -> Answer:
    answer = manage(fd, operation, flags)
    assert isinstance(answer, Answer)
    return answer


def enable(fd: Descriptor) -> Answer:
    """Asks that the reads of this open file go past the filters. Open it with os.O_DIRECT."""
    return _answer(fd, Operation.ENABLE)


def disable(fd: Descriptor) -> Answer:
    """Takes that back."""
    return _answer(fd, Operation.DISABLE)


def query(fd: Descriptor, flags: InputFlags = InputFlags.NONE) -> Answer:
    """What an ENABLE would be answered; changes nothing."""
    return _answer(fd, Operation.QUERY, flags)


def info(fd: Descriptor) -> Info:
    """How many open files of the volume have bypass, and its storage driver."""
    answer = manage(fd, Operation.GET_INFO)
    assert isinstance(answer, Info)
    return answer
