#!/usr/bin/env python3
"""What a build folder holds, by Meson's own account.

build_info.py executables DIR PATTERN   files of the executables whose name matches
build_info.py tests DIR PATTERN         names of the tests whose program or name matches
build_info.py programs DIR PATTERN      files of those tests' programs

A pattern is a regular expression, searched for in the path below the build folder. Prints one a
line; nothing when nothing matches.
"""
import json
import os
import re
import subprocess
import sys


def introspect(build, what):
    out = subprocess.run(["meson", "introspect", build, "--" + what], check=True, capture_output=True)
    return json.loads(out.stdout)


def executables(build, pattern):
    for target in introspect(build, "targets"):
        if target["type"] == "executable" and re.search(pattern, target["name"]):
            yield os.path.relpath(target["filename"][0], build)


def matching_tests(build, pattern):
    for test in introspect(build, "tests"):
        program = os.path.relpath(test["cmd"][0], build)
        if re.search(pattern, program) or re.search(pattern, test["name"]):
            yield test["name"], program


def tests(build, pattern):
    return (name for name, _ in matching_tests(build, pattern))


def programs(build, pattern):
    return {program for _, program in matching_tests(build, pattern)}


if __name__ == "__main__":
    queries = {"executables": executables, "tests": tests, "programs": programs}
    if len(sys.argv) != 4 or sys.argv[1] not in queries:
        sys.exit(__doc__)
    for line in queries[sys.argv[1]](os.path.abspath(sys.argv[2]), sys.argv[3]):
        print(line)
