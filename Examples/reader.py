#!/usr/bin/env python3
"""Reads a file of a bypassio volume past its filters, and says who is in the way if it cannot.

    python3 Examples/reader.py /mnt/games/level1.pak
"""
import errno
import fcntl
import mmap
import os
import struct
import sys

FSCTL_MANAGE_BYPASS_IO = 0x00090448
BYPASSIO_IOC_FSCTL = 0xC2004201
ENABLE = 1
GET_INFO = 8


def manage(fd, operation):
    """Returns (NTSTATUS of the request, FS_BPIO_OUTPUT)."""
    message = bytearray(512)
    struct.pack_into("<IIII", message, 0, FSCTL_MANAGE_BYPASS_IO, 0, 24, 352)
    struct.pack_into("<II", message, 24, operation, 0)
    fcntl.ioctl(fd, BYPASSIO_IOC_FSCTL, message)
    status, written = struct.unpack_from("<iI", message, 16)
    return status, bytes(message[24 : 24 + written])


def text(output, offset, capacity):
    """The text behind a length at this offset: the length counts UTF-16 units, two bytes each."""
    (units,) = struct.unpack_from("<H", output, offset)
    start = offset + 2
    return output[start : start + 2 * min(units, capacity)].decode("utf-16-le", errors="replace")


def ask_for_bypass(fd):
    try:
        status, output = manage(fd, ENABLE)
        if status < 0:
            print(f"ENABLE failed: NTSTATUS 0x{status & 0xFFFFFFFF:08X}")
            return
        (verdict,) = struct.unpack_from("<i", output, 24)
        if verdict < 0:
            print(f"{text(output, 28, 32)} refuses: {text(output, 94, 128)}")
            return
        print("reads go past the filters")
        status, output = manage(fd, GET_INFO)
        if status >= 0:
            print(f"storage driver: {text(output, 28, 32)}")
    except OSError as error:
        if error.errno == errno.ENOTTY:
            print("not a bypassio volume: reading as usual")
        else:
            print(f"ENABLE was not sent: {error.strerror}")


def main():
    if len(sys.argv) != 2:
        print(f"usage: {sys.argv[0]} FILE", file=sys.stderr)
        return 64
    # Replaces characters that the terminal's encoding cannot show.
    sys.stdout.reconfigure(errors="replace")
    try:
        fd = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT)
    except OSError as error:
        print(f"{sys.argv[1]}: {error.strerror}", file=sys.stderr)
        return 66
    ask_for_bypass(fd)
    # O_DIRECT wants memory that begins on a page.
    buffer = mmap.mmap(-1, 1 << 20)
    total = 0
    try:
        while got := os.readv(fd, [buffer]):
            total += got
    except OSError as error:
        print(f"read: {error.strerror}", file=sys.stderr)
        return 70
    print(f"{total} bytes read")
    return 0


if __name__ == "__main__":
    sys.exit(main())
