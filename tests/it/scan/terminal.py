"""Runs a command on a pseudo-terminal, and prints all that it wrote to it; ends as the command did."""
import fcntl
import os
import pty
import struct
import sys
import termios

pid, file = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    try:
        written = os.read(file, 65536)
    except OSError:  # the last one has closed it
        break
    if not written:
        break
    os.write(1, written)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
