"""Types at `elava` on a pseudo-terminal and waits for what must appear. Ends with an error that shows the screen if it does not."""
import os
import pty
import re
import select
import subprocess
import sys

LIMIT_SECONDS = 60  # for one answer; only a shell that hangs takes as long


class Terminal:
    def __init__(self, command):
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execv(command, [command])
        self.seen = ""

    def expect(self, pattern):
        while True:
            plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", self.seen)
            found = re.search(pattern, plain)
            if found:
                self.seen = ""
                return found
            ready, _, _ = select.select([self.file], [], [], LIMIT_SECONDS)
            try:
                more = os.read(self.file, 65536) if ready else b""
            except OSError:
                more = b""
            if not more:
                sys.exit(f"expected {pattern!r}, the screen shows:\n{plain}")
            self.seen += more.decode(errors="replace")

    def type(self, keys):
        os.write(self.file, keys.encode())

    def leave(self):
        self.type("\x04")
        _, status = os.waitpid(self.pid, 0)
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"the shell ended with {status}")


# A fresh prompt stands at the start of a line, with nothing behind it yet; while a line is edited it is drawn again and again.
PROMPT = r"\nelava> $"

terminal = Terminal(sys.argv[1])
terminal.expect(r"revision 5 at .*" + PROMPT)

# What was written since it was opened is seen by the very first statement.
subprocess.run([sys.argv[1], "tag", "written-meanwhile"], check=True, capture_output=True)
terminal.type("SELECT count(*) AS tags FROM audit_log WHERE entry = 'tag_created';\r")
terminal.expect(r"tags[\s\S]*\n[^\n]*\b1\b[\s\S]*" + PROMPT)

# A statement over two lines runs when its semicolon is there.
terminal.type("SELECT count(*) AS live\r")
terminal.expect(r"\n *\.\.\.> $")
terminal.type("FROM resources;\r")
terminal.expect(r"live[\s\S]*\n[^\n]*\b2\b[\s\S]*" + PROMPT)

# The line is edited: back over the semicolon, a digit more, and to the end.
terminal.type("SELECT 1;\x1b[D2\x1b[F\r")
terminal.expect(r"\n[^\n;]*\b12\b[^;]*" + PROMPT)

# The last statement comes back from the history.
terminal.type("\x1b[A\r")
terminal.expect(r"\n[^\n;]*\b12\b[^;]*" + PROMPT)

# Ctrl-C drops what was typed, then a query that runs; the shell goes on.
terminal.type("SELECT nonsense\x03")
terminal.expect(r"nonsense[\s\S]*" + PROMPT)
terminal.type("SELECT 'started'; SELECT count(*) FROM generate_series(1, 1000000000000) WHERE value % 7 = 8;\r")
terminal.expect(r"\n[^\n;]*\bstarted\b[^;]*\n")
terminal.type("\x03")
terminal.expect(r"(?i)interrupted[\s\S]*" + PROMPT)
terminal.type("SELECT 40 + 2;\r")
terminal.expect(r"\n[^\n;]*\b42\b[\s\S]*" + PROMPT)

# A mistake ends nothing; the prompt shows a pin.
terminal.type("SELECT * FROM resorces;\r")
terminal.expect(r"resources[\s\S]*" + PROMPT)
terminal.type("SET elava.as_of = '3';\r")
terminal.expect(r"\nelava@3> $")
terminal.leave()

# Another session has the history of the one before.
terminal = Terminal(sys.argv[1])
terminal.expect(PROMPT)
terminal.type("\x1b[A\x1b[A\x1b[A\r")
terminal.expect(r"\n[^\n;]*\b42\b[\s\S]*" + PROMPT)
terminal.leave()
