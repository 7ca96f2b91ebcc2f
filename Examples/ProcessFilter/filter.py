#!/usr/bin/env python3
"""A filter in Python: denies opens of *.secret and prints the others.

    bypassio attach process MOUNT
    python3 filter.py /run/bypassio/MOUNT.sock
"""
import json
import socket
import sys


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
        sys.exit(f"{path}: {status.strip()} {lines.read()}")
    return lines


def main():
    lines = connect(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "process")

    def say(**line):
        lines.write(json.dumps(line) + "\n")
        lines.flush()

    say(id=1, message={"register": {
        "version": 1, "name": "secrets", "operations": ["open"], "paths": ["*"]}})
    for text in lines:
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


main()
