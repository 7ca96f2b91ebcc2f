#!/usr/bin/env python3
"""A filter in Python: denies opens of *.secret and prints the others. When its connection ends, as
by a restart of the service, it registers again; it ends when nobody has answered for 30 seconds.

    bypassio attach process MOUNT
    python3 filter.py /run/bypassio/MOUNT.sock
"""
import json
import socket
import sys
import time


def connect(path, port):
    """Returns the port's lines, to read and to write."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(path)
    lines = connection.makefile("rw", encoding="utf-8", newline="\n")
    lines.write(
        f"GET /v1/ports/{port} HTTP/1.1\r\nHost: localhost\r\n"
        "Connection: Upgrade\r\nUpgrade: bypassio-port/1\r\n\r\n"
    )
    lines.flush()
    status = lines.readline()
    while lines.readline().strip():
        pass
    if " 101 " not in status:
        raise ConnectionError(f"{status.strip()} {lines.read()}")
    return lines


def serve(lines):
    """Registers, and answers until the service ends."""

    def say(**line):
        lines.write(json.dumps(line) + "\n")
        lines.flush()

    say(id=1, message={"register": {
        "version": 1, "name": "secrets", "operations": ["open"], "paths": ["*"]}})
    for text in lines:
        if not text.endswith("\n"):
            return  # The service died within it.
        line = json.loads(text)
        if "id" in line:
            asked = line["message"]
            is_denied = asked["path"].endswith(".secret")
            answer = {"answer": "deny", "errno": "EPERM"} if is_denied else {"answer": "allow"}
            say(reply=line["id"], message=answer)
            print(answer["answer"], asked["operation"], asked["path"],
                  "for process", asked["process"], flush=True)
        elif "reply" in line:
            print(line.get("message") or line.get("error"), flush=True)


def main():
    path, port = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "process"
    end = 0
    while True:
        try:
            lines = connect(path, port)
            end = float("inf")
            serve(lines)
        except OSError as error:
            if time.monotonic() > end:
                sys.exit(f"{path}: {error}")
        if end == float("inf"):
            end = time.monotonic() + 30
        time.sleep(0.2)


main()
