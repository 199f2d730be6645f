#!/usr/bin/env python3
"""lint.py BUILD_DIR: clang-tidy over every source of the project, with the flags that compile it.

A source that was clean is not looked at again until it, a header of ours that it includes, its
flags or .clang-tidy changes. A finding in a header is shown once. Exit status 1 on findings.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADERS = r"/(ring|cluster|sim|interfaces|dpdk_transport|socket_transport|node|tools|tests|bench|examples)/.*\.h$"
WAY_TO_US = re.compile(rf"^\S*(?:/floors/\w+|{re.escape(str(ROOT))})/", re.M)
FINDING = re.compile(r"^\S+:\d+:\d+: (?:warning|error): ")


def fingerprint(build, entry):
    """Changes with everything of ours that the verdict depends on."""
    words = shlex.split(entry["command"])
    at = words.index("-o")
    words = [w for w in words[:at] + words[at + 2 :] if w not in ("-c", "-MD")]
    listed = subprocess.run([*words, "-MM"], cwd=build, capture_output=True, text=True, check=False)
    digest = hashlib.sha256(entry["command"].encode() + (ROOT / ".clang-tidy").read_bytes())
    for name in sorted(set(listed.stdout.replace("\\\n", " ").split()[1:])):
        digest.update((build / name).read_bytes())
    return digest.hexdigest() if listed.returncode == 0 else ""


def findings(build, path):
    """What clang-tidy says of one source, one string for each finding."""
    command = ["clang-tidy-19", "-quiet", "-p", build, f"-header-filter={HEADERS}", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    text = WAY_TO_US.sub("", done.stdout)
    found = []
    for line in text.splitlines():
        if FINDING.match(line) or not found:
            found.append("")
        found[-1] += line + "\n"
    return found or [f"{path}: clang-tidy ended with {done.returncode}: {done.stderr}\n"]


def main(build):
    memory = build / "lint.json"
    clean = json.loads(memory.read_text()) if memory.exists() else {}
    entries = json.loads((build / "compile_commands.json").read_text())
    sources = {str((build / entry["file"]).resolve()): entry for entry in entries}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        prints = dict(zip(sources, pool.map(lambda e: fingerprint(build, e), sources.values())))
        stale = [path for path in sources if not prints[path] or clean.get(path) != prints[path]]
        print(f"{len(stale)} of {len(sources)} sources to look at", flush=True)
        shown = set()
        clean = {path: prints[path] for path in sources if path not in stale}
        tasks = pool.map(lambda path: (path, findings(build, path)), stale)
        for done, (path, found) in enumerate(tasks, 1):
            if found:
                print("".join(text for text in found if text not in shown), end="", flush=True)
                shown |= set(found)
            else:
                clean[path] = prints[path]
                memory.write_text(json.dumps(clean))
            if sys.stdout.isatty():
                print(f"[{done}/{len(stale)}]", end="\r", flush=True)
    print(f"{len(shown)} findings")
    return 1 if shown else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
