#!/usr/bin/env python3
"""test_floors.py BUILD_DIR: the build itself refuses an include that points up.

A snippet is preprocessed with exactly the flags of a file of the floor. It must see the floor's own
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


def targets_of(floor):
    """For each way in which sources of the floor are compiled: its flags, and a header to include.

    The header is the source's own; flags are the command without its input and its outputs.
    """
    found = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        source = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        header = source.with_suffix(".h")
        if source.is_relative_to(ROOT / floor) and header.exists():
            words = shlex.split(entry["command"])
            for option in ("-o", "-MF", "-MQ"):
                at = words.index(option)
                del words[at : at + 2]
            flags = tuple(word for word in words if word not in ("-c", "-MD", entry["file"]))
            found[flags] = f'"{header.relative_to(ROOT)}"'
    return found


def preprocess(flags, include):
    """The compiler's words on a file that includes it; None when all was found."""
    done = subprocess.run(
        [*flags, "-fdiagnostics-color=never", "-E", "-o", "/dev/null", "-x", "c++", "-"],
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


TARGETS = {floor: targets for floor in FLOORS if (targets := targets_of(floor))}
EACH = [(floor, flags, header) for floor in TARGETS for flags, header in TARGETS[floor].items()]


class Floors(unittest.TestCase):
    def assert_not_found(self, floor, flags, include):
        words = preprocess(flags, include)
        self.assertIsNotNone(words, f"{floor} can include {include}")
        self.assertTrue(not_found(include, words), words)

    def test_the_protocol_is_compiled(self):
        self.assertIn("cluster", TARGETS)

    def test_a_floor_finds_its_own_headers(self):
        for floor, flags, header in EACH:
            words = preprocess(flags, header)
            self.assertIsNone(words, f"{floor} cannot include {header}: {words}")

    def test_a_floor_does_not_find_the_headers_above_it(self):
        for floor, flags, _ in EACH:
            for other in set(FLOORS) - FLOORS[floor] - {floor}:
                if header := first_header(other):
                    self.assert_not_found(floor, flags, header)

    def test_an_include_root_too_many_would_be_noticed(self):
        include = first_header("tools")
        for floor, flags, _ in EACH:
            words = preprocess([*flags, f"-I{ROOT}"], include)
            self.assertFalse(words is not None and not_found(include, words), f"{floor}: {words}")

    def test_only_the_dpdk_transport_finds_headers_of_dpdk(self):
        for floor, flags, _ in EACH:
            if floor != "dpdk_transport":
                self.assert_not_found(floor, flags, "<rte_ring.h>")
        rooms = TARGETS.get("dpdk_transport", ())
        found = [flags for flags in rooms if preprocess(flags, "<rte_ring.h>") is None]
        self.assertEqual(bool(found), bool(rooms), "dpdk_transport does not find DPDK's headers")


if __name__ == "__main__":
    unittest.main()
