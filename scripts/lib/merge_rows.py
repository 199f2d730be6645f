#!/usr/bin/env python3
"""merge_rows.py OUT FILE...: puts the rows of several suites' reports into one, suite "all"."""
import json
import sys

if len(sys.argv) < 3:
    sys.exit(__doc__)
rows = []
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as report:
        rows += json.load(report)["rows"]
with open(sys.argv[1], "w", encoding="utf-8") as out:
    json.dump({"suite": "all", "rows": rows}, out, indent=2)
    out.write("\n")
