"""Runs one command and writes down what it used: seconds of wall and of processor, memory, status.

The system remembers as the largest memory of a new process also that of the one it was forked from. So what
is measured is started from here: this process is small, since it imports next to nothing.

    python -I -S bench/launch.py FILE COMMAND [ARGUMENT …]
"""

from __future__ import annotations

import os
import sys
import time


def main(file: str, command: list[str]) -> None:
    """Run it to its end, with this process's standard input and output, which then are its alone."""
    began = time.perf_counter()
    pid = os.fork()
    if not pid:
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    for number in (0, 1):
        os.close(number)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    with open(file, "w", encoding="ascii") as told:  # noqa: PTH123 - pathlib is no small import
        told.write(f"{wall} {used.ru_utime + used.ru_stime} {used.ru_maxrss} {code}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
