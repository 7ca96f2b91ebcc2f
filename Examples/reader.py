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


def manage(fd, operation):
    """Returns (NTSTATUS of the request, FS_BPIO_OUTPUT)."""
    message = bytearray(512)
    struct.pack_into("<IIII", message, 0, FSCTL_MANAGE_BYPASS_IO, 0, 24, 352)
    struct.pack_into("<II", message, 24, operation, 0)
    fcntl.ioctl(fd, BYPASSIO_IOC_FSCTL, message)
    status, written = struct.unpack_from("<iI", message, 16)
    return status, bytes(message[24 : 24 + written])


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FILE")
    fd = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT)
    try:
        status, output = manage(fd, ENABLE)
        verdict, name_length = struct.unpack_from("<iH", output, 24) if status >= 0 else (status, 0)
        if status < 0:
            print(f"ENABLE failed: NTSTATUS 0x{status & 0xFFFFFFFF:08X}")
        elif verdict < 0:
            name = output[30 : 30 + name_length].decode("utf-16-le")
            (reason_length,) = struct.unpack_from("<H", output, 94)
            reason = output[96 : 96 + reason_length].decode("utf-16-le")
            print(f"{name} refuses: {reason}")
        else:
            print("reads go past the filters")
    except OSError as error:
        if error.errno != errno.ENOTTY:
            raise
        print("not a bypassio volume: reading as usual")
    # O_DIRECT wants memory that begins on a page.
    buffer = mmap.mmap(-1, 1 << 20)
    total = 0
    while got := os.readv(fd, [buffer]):
        total += got
    print(f"{total} bytes read")


if __name__ == "__main__":
    main()
