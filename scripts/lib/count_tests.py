#!/usr/bin/env python3
"""count_tests.py TESTLOG STAGE RERUN: counts the cases in one of Meson's testlog.json.

Prints a line for each test: stage, test, cases passed, cases failed, what runs it again; separated
by tabs. A GoogleTest, unittest or TAP program counts with each of its cases, any other with one. A
program that crashed or timed out has failed, whatever its cases said before; one that was skipped
has neither passed nor failed.
"""
import json
import re
import sys

GTEST_RAN = re.compile(r"^\[=+\] (\d+) tests? from \d+ test suites? ran\.", re.M)
GTEST_PASSED = re.compile(r"^\[  PASSED  \] (\d+) tests?\.", re.M)
GTEST_STARTED = re.compile(r"^\[ RUN      \] ", re.M)
GTEST_OK = re.compile(r"^\[       OK \] ", re.M)
UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in ", re.M)
UNITTEST_FAILED = re.compile(r"^FAILED \((.*)\)", re.M)
TAP_PLAN = re.compile(r"^1\.\.(\d+)", re.M)
TAP_OK = re.compile(r"^ok \d+", re.M)


def cases(output):
    """(passed, failed) as the program itself reports them; (0, 0) when it reports none."""
    if ran := GTEST_RAN.search(output):
        passed = int(match[1]) if (match := GTEST_PASSED.search(output)) else 0
        return passed, int(ran[1]) - passed
    if GTEST_STARTED.search(output):  # it ended in the middle
        return len(GTEST_OK.findall(output)), 0
    if ran := UNITTEST_RAN.search(output):
        failed = UNITTEST_FAILED.search(output)
        bad = sum(map(int, re.findall(r"=(\d+)", failed[1]))) if failed else 0
        return max(0, int(ran[1]) - bad), bad
    if plan := TAP_PLAN.search(output):
        passed = len(TAP_OK.findall(output))
        return passed, max(0, int(plan[1]) - passed)
    return 0, 0


def count(test):
    if test["result"] == "SKIP":
        return 0, 0
    passed, failed = cases(test.get("stdout", "") + "\n" + test.get("stderr", ""))
    good = test["result"] in ("OK", "EXPECTEDFAIL")
    if not good:
        failed = max(failed, 1)
    elif passed + failed == 0:
        passed = 1
    return passed, failed


def main(testlog, stage, rerun):
    with open(testlog, encoding="utf-8") as lines:
        for line in lines:
            test = json.loads(line)
            name = test["name"].split(" / ")[-1]
            print(stage, name, *count(test), f"{rerun} '{name}'", sep="\t")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
