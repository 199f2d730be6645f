#!/usr/bin/env python3
"""Lists the sections of docs/protocol.md that no code cites, and those that no test cites.

A section that holds others is theirs: only the innermost are looked for. No code obeys the test
vectors. Exit status 1 when a citation is missing.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/style"))
sys.dont_write_bytecode = True
from checks import CITATION, NUMBERED  # noqa: E402
from project import ROOT, files  # noqa: E402

VECTORS = "9."


def cited_by(is_test):
    for file in files():
        if file.is_code and file.folder not in ("bench", "examples"):
            if (file.folder == "tests") == is_test:
                yield from (number for number, _ in CITATION.findall(file.text))


def main():
    sections = NUMBERED.findall((ROOT / "docs/protocol.md").read_text(encoding="utf-8"))
    inner = [s for s in sections if not any(other.startswith(s + ".") for other in sections)]
    missing = False
    for what, is_test in (("code", False), ("test", True)):
        cited = set(cited_by(is_test))
        uncited = [s for s in inner if s not in cited and (is_test or not s.startswith(VECTORS))]
        missing |= bool(uncited)
        print(f"no {what} cites: {' '.join('§' + section for section in uncited) or 'none'}")
    return missing


if __name__ == "__main__":
    sys.exit(main())
