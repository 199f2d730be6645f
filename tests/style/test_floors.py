#!/usr/bin/env python3
"""test_floors.py BUILD_DIR: the build itself refuses an include that points up.

A snippet is compiled with exactly the flags of a file of the floor. It must see the floor's own
headers (so that a refusal means something), and must not find those of a floor above, nor DPDK's.
"""
import json
import pathlib
import shlex
import subprocess
import sys
import unittest

from project import FLOORS, ROOT

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()


def flags_of(floor):
    """The command that compiles a source of the floor, without its input and its outputs."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        source = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        if source.is_relative_to(ROOT / floor):
            words = shlex.split(entry["command"])
            for option in ("-o", "-MF", "-MQ"):
                at = words.index(option)
                del words[at : at + 2]
            return [word for word in words if word not in ("-c", "-MD", entry["file"])]
    return None


def compile_include(flags, include):
    """The compiler's words on a file that includes it; None when it compiles."""
    done = subprocess.run(
        [*flags, "-fdiagnostics-color=never", "-fsyntax-only", "-x", "c++", "-"],
        input=f"#include {include}\n",
        cwd=BUILD,
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.returncode == 0 else done.stderr


def not_found(include, words):
    """Whether the compiler said that this very header is not there."""
    name = include.strip('<>"')
    return f"error: {name}: No such file" in words or f"error: '{name}' file not found" in words


def first_header(floor):
    """A header of the floor as an include names it; None where it has none."""
    headers = sorted((ROOT / floor).rglob("*.h"))
    return f'"{headers[0].relative_to(ROOT)}"' if headers else None


COMPILED = {floor: flags for floor in FLOORS if (flags := flags_of(floor)) is not None}


class Floors(unittest.TestCase):
    def assert_compiles(self, floor, include):
        words = compile_include(COMPILED[floor], include)
        self.assertIsNone(words, f"{floor} cannot include {include}: {words}")

    def assert_not_found(self, floor, include):
        words = compile_include(COMPILED[floor], include)
        self.assertIsNotNone(words, f"{floor} can include {include}")
        self.assertTrue(not_found(include, words), words)

    def test_the_protocol_is_compiled(self):
        self.assertIn("cluster", COMPILED)

    def test_a_floor_finds_its_own_headers(self):
        for floor in COMPILED:
            self.assert_compiles(floor, first_header(floor))

    def test_a_floor_does_not_find_the_headers_above_it(self):
        for floor in COMPILED:
            for other in set(FLOORS) - FLOORS[floor] - {floor}:
                if header := first_header(other):
                    self.assert_not_found(floor, header)

    def test_an_include_root_too_many_would_be_noticed(self):
        include = first_header("tools")
        words = compile_include([*COMPILED["cluster"], f"-I{ROOT}"], include)
        self.assertFalse(words is not None and not_found(include, words), words)

    def test_only_the_dpdk_transport_finds_headers_of_dpdk(self):
        for floor in COMPILED:
            check = self.assert_compiles if floor == "dpdk_transport" else self.assert_not_found
            check(floor, "<rte_ring.h>")


if __name__ == "__main__":
    unittest.main()
