"""The project as the style checks see it: which files there are, and which floor stands on which."""
import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What each floor may include, besides itself. Nothing points up.
FLOORS = {
    "ring": set(),
    "cluster": {"ring"},
    "sim": {"ring", "cluster"},
    "interfaces": {"ring", "cluster"},
    "dpdk_transport": {"ring", "cluster", "interfaces"},
    "socket_transport": {"ring", "cluster", "interfaces"},
    "node": {"ring", "cluster", "interfaces", "dpdk_transport", "socket_transport"},
    "tools": {"ring", "cluster", "interfaces", "dpdk_transport", "socket_transport", "node"},
}
EVERYTHING = set(FLOORS)
MAY_INCLUDE = FLOORS | {"tests": EVERYTHING | {"bench"}, "bench": EVERYTHING, "examples": EVERYTHING}

# Where DPDK's headers may be included: its room, the room's tests, and what compares with it.
DPDK_ROOMS = ("dpdk_transport/", "tests/dpdk_transport/")
DPDK_COMPARED = {"bench/ring/dpdk_ring.h"}

FOLDERS = [*MAY_INCLUDE, "pch", "scripts", "docs", ".ci"]


@dataclasses.dataclass(frozen=True)
class File:
    path: str  # from the project's root
    text: str

    @property
    def is_code(self):
        return self.path.endswith((".h", ".cc"))

    @property
    def is_header(self):
        return self.path.endswith(".h")

    @property
    def folder(self):
        return self.path.split("/")[0]

    @property
    def is_prose(self):
        return self.path.endswith(".md")

    def lines(self):
        return enumerate(self.text.splitlines(), 1)


def files():
    """Every text file of ours, wherever it stands: found by walking, so that no git is needed."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    found += [path for path in ROOT.iterdir() if path.suffix in (".md", ".build", ".txt")]
    for path in sorted(found):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        try:
            yield File(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue  # an image, a capture, a fuzzer's corpus


def blank_comments_and_strings(text):
    """The same text, line for line, with what stands in comments and literals blanked."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"([^()\s\\]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
        r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
        re.S,
    )
    return token.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
