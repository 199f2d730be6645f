#!/usr/bin/env python3
"""Lists the sections of docs/protocol.md that no code and no test cites."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/style"))
sys.dont_write_bytecode = True
from checks import CITATION, NUMBERED  # noqa: E402
from project import ROOT, files  # noqa: E402

cited = {number for file in files() if file.is_code for number, _ in CITATION.findall(file.text)}
for number in NUMBERED.findall((ROOT / "docs/protocol.md").read_text(encoding="utf-8")):
    if not any(name == number or name.startswith(number + ".") for name in cited):
        print(f"§{number}")
