#!/usr/bin/env python3
"""Plants bugs, one at a time, and says which tests notice.

A bug is a file of tests/planted_bugs: what it is, the tests that ought to fail, and what is written in place of what. All
of them go into one copy of the tree, each behind a switch that the environment sets, so there is one build; without a switch
set, the copy's tests must pass. Not part of tests/run.sh: it takes minutes.

    tests/planted_bugs.py [--folder COPY] [BUG ...]

CARGO names another cargo; as in tests/run.sh, Elava itself is built unoptimised. The exit status is the number of bugs that
nobody notices.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUGS = ROOT / "tests" / "planted_bugs"
# What each bug asks whether it is there.
SWITCH = """
#[allow(missing_docs)]
pub fn planted(bug: &str) -> bool {
    std::env::var("ELAVA_PLANTED_BUG").is_ok_and(|planted| planted == bug)
}
"""
BLOCK = re.compile(r"^<<<<<<< (\S+)\n(.*?)^=======\n(.*?)^>>>>>>>\n", re.MULTILINE | re.DOTALL)
# Without any bug the tests take no longer than this.
SECONDS_MAX = 1800
# With a bug, tests that are still running after so many times what all of them take without one have noticed too: it may make
# somebody wait for ever.
TIMES_MAX = 3


class Bug:
    def __init__(self, path):
        text = path.read_text()
        self.name = path.stem
        self.what = re.search(r"^What: (.*)$", text, re.MULTILINE)[1]
        self.tests = re.search(r"^Tests: (.*)$", text, re.MULTILINE)[1].split()
        self.blocks = BLOCK.findall(text)
        if not self.blocks:
            sys.exit(f"{path}: nothing is written in place of anything")

    def plant(self, copy):
        for file, old, new in self.blocks:
            path = copy / file
            text = path.read_text()
            if text.count(old) != 1:
                sys.exit(f"{self.name}: {file} has this {text.count(old)} times and not once:\n{old}")
            path.write_text(text.replace(old, new.replace("PLANTED", f'crate::planted("{self.name}")')))


def copy_tree(copy):
    """The files that Git knows of, and those that it would take in."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)


def build(copy):
    """Builds the tests; returns the binary."""
    environment = {"CARGO_PROFILE_RELEASE_OPT_LEVEL": "0", "CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS": "true", **os.environ}
    command = [*os.environ.get("CARGO", "cargo").split(), "test", "--release", "--locked", "--no-run", "--test", "it", "--message-format=json"]
    built = subprocess.run(command, cwd=copy, env=environment, stdout=subprocess.PIPE, text=True)
    if built.returncode:
        sys.exit("the copy with all bugs in it does not build")
    messages = [json.loads(line) for line in built.stdout.splitlines() if line.startswith("{")]
    return next(message["executable"] for message in messages if message.get("executable") and message["target"]["name"] == "it")


def failing(binary, copy, tests, seconds_max, bug=None):
    """The tests that fail with a bug, and how long that took."""
    environment = {**os.environ, "ELAVA_PLANTED_BUG": bug or ""}
    begun = time.monotonic()
    try:
        run = subprocess.run([binary, *tests], cwd=copy, env=environment, capture_output=True, text=True, timeout=seconds_max)
        found = re.findall(r"^test (\S+).* FAILED$", run.stdout, re.MULTILINE)
        if not re.search(r"^test result", run.stdout, re.MULTILINE):
            found.append(f"the tests broke off ({run.returncode})")
        elif "running 0 tests" in run.stdout:
            sys.exit(f"there is no test like {' '.join(tests)}")
    except subprocess.TimeoutExpired:
        found = [f"still running after {seconds_max:.0f} s"]
    return sorted(found), time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "target" / "planted-bugs", help="where the copy is made")
    parser.add_argument("bugs", nargs="*", help="names of bugs; all of them if none is given")
    arguments = parser.parse_args()
    bugs = [Bug(path) for path in sorted(BUGS.glob("*.txt"))]
    unknown = set(arguments.bugs) - {bug.name for bug in bugs}
    if unknown:
        sys.exit(f"there is no bug {', '.join(sorted(unknown))}")
    copy = arguments.folder
    shutil.rmtree(copy, ignore_errors=True)
    copy_tree(copy)
    for bug in bugs:
        bug.plant(copy)
    with (copy / "src" / "lib.rs").open("a") as root:
        root.write(SWITCH)
    binary = build(copy)
    chosen = [bug for bug in bugs if not arguments.bugs or bug.name in arguments.bugs]
    everything = sorted({test for bug in chosen for test in bug.tests})
    found, usual = failing(binary, copy, everything, SECONDS_MAX)
    if found:
        sys.exit(f"without any bug these fail: {', '.join(found)}")
    print(f"without any bug: nothing fails ({usual:.0f} s)", flush=True)
    missed = 0
    for bug in chosen:
        found, seconds = failing(binary, copy, bug.tests, TIMES_MAX * usual, bug.name)
        missed += not found
        print(f"{bug.name} ({bug.what}): {', '.join(found) or 'NOBODY NOTICES'} ({seconds:.0f} s)", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} are noticed")
    sys.exit(missed)


main()
