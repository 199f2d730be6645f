"""The checks. Each takes a File and yields (line, what is wrong) for everything it finds."""
import re

from functions import functions
from project import DPDK_COMPARED, DPDK_ROOMS, MAY_INCLUDE, ROOT, blank_comments_and_strings

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70


def file_length(file):
    """A file is read in a sitting."""
    lines = file.text.count("\n")
    if lines > FILE_LINES_MAX and not file.is_prose and (file.is_code or file.folder != "docs"):
        yield 1, f"{lines} lines; at most {FILE_LINES_MAX}: split it by concern"


def function_length(file):
    if file.is_code:
        for line, length in functions(file.text):
            if length > FUNCTION_LINES_MAX:
                yield line, f"a function of {length} lines; at most {FUNCTION_LINES_MAX}"


QUOTED = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
ANGLED = re.compile(r"^\s*#\s*include\s+<([^>]+)>")


def includes_point_down(file):
    if not file.is_code or file.folder not in MAY_INCLUDE:
        return
    allowed = MAY_INCLUDE[file.folder] | {file.folder}
    for line, text in file.lines():
        if match := QUOTED.match(text):
            floor = match[1].split("/")[0]
            if floor not in MAY_INCLUDE or "/" not in match[1]:
                yield line, f'"{match[1]}" is not written from the project\'s root'
            elif floor not in allowed:
                yield line, f'{file.folder} may not include "{match[1]}"'


def dpdk_stays_in_its_room(file):
    if not file.is_code or file.path.startswith(DPDK_ROOMS) or file.path in DPDK_COMPARED:
        return
    for line, text in file.lines():
        if (match := ANGLED.match(text) or QUOTED.match(text)) and match[1].startswith("rte_"):
            yield line, f"{match[1]}: only dpdk_transport includes DPDK's headers"


IMPURE_HEADER = re.compile(
    r"(chrono|ctime|time\.h|thread|stop_token|mutex|shared_mutex|condition_variable|semaphore"
    r"|barrier|latch|future|random|iostream|fstream|ostream|istream|cstdio|stdio\.h|filesystem"
    r"|syncstream|unistd\.h|fcntl\.h|poll\.h|signal\.h|csignal|pthread\.h|arpa/.*|net/.*|sys/.*"
    r"|netinet/.*|linux/.*)"
)
IMPURE_WORD = re.compile(r"\b(steady_clock|system_clock|high_resolution_clock|clock_gettime|getenv)\b")


def protocol_is_pure(file):
    """The protocol has no clock, no thread, no I/O and no dice of its own."""
    if not file.is_code or file.folder != "cluster":
        return
    for line, text in file.lines():
        if (match := ANGLED.match(text)) and IMPURE_HEADER.fullmatch(match[1]):
            yield line, f"<{match[1]}> in the protocol: time, packets and seeds are passed in"
    for line, text in enumerate(blank_comments_and_strings(file.text).splitlines(), 1):
        if match := IMPURE_WORD.search(text):
            yield line, f"{match[1]} in the protocol: time and settings are passed in"


def header_guard(file):
    # What is precompiled is the main file of its compilation: g++ warns of the guard there.
    if file.is_header and file.folder != "pch":
        directives = re.findall(r"^\s*#.*", blank_comments_and_strings(file.text), re.M)
        if not directives or directives[0].split() != ["#pragma", "once"]:
            yield 1, "the first directive of a header is #pragma once"


TEST_NAME = re.compile(
    r"^\s*(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P)\(\s*(\w+)\s*,\s*(\w+)\s*\)", re.M
)
CAMEL_WORD = re.compile(r"[A-Z][a-z0-9]*")


def test_names_are_sentences(file):
    """Suspicion.IsRefutedByAHigherIncarnation: a subject, and what it does."""
    if not file.is_code:
        return
    for match in TEST_NAME.finditer(file.text):
        line = file.text.count("\n", 0, match.start(1)) + 1
        suite, name = match.groups()
        if not re.fullmatch(f"({CAMEL_WORD.pattern})+", suite):
            yield line, f"the suite {suite} is not CamelCase"
        if not re.fullmatch(f"({CAMEL_WORD.pattern}){{2,}}", name):
            yield line, f"the test {suite}.{name} is not a sentence in CamelCase"


UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X])\b|\bDISAB[L]ED_|\bGTEST_SK[I]P\b")


def nothing_unfinished(file):
    if file.is_prose:
        return
    for line, text in file.lines():
        if match := UNFINISHED.search(text):
            yield line, f"{match[0]}: finish it, or leave it out"


# Places of one machine, and hosts of package registries: the project speaks only of itself.
FOREIGN = re.compile(
    r"/wor[k]/|/tmp/b[-]|\bfar[m]-|\bsubage[n]t|\bdeb\.debian\.or[g]|\bregistry\.npmj[s]|\bpypi\.or[g]"
    r"|\bcrates\.i[o]\b|\bproxy\.golan[g]"
)


def speaks_of_itself(file):
    for line, text in file.lines():
        if match := FOREIGN.search(text):
            yield line, f"'{match[0]}' is no word of this project"


CITATION = re.compile(r'§(\d+(?:\.\d+)*)|protocol\.md,?\s+"([^"]+)"')
NUMBERED = re.compile(r"^(?:#+ +)?§(\d+(?:\.\d+)*)\b", re.M)
TITLED = re.compile(r"^#+ +(?:§[\d.]+ +)?(.+?) *$", re.M)


def sections(specification):
    """The numbers and the titles that may be cited."""
    return {*NUMBERED.findall(specification), *TITLED.findall(specification)}


def cited_sections_exist(file, known=None):
    if not file.is_code:
        return
    if known is None:
        known = sections((ROOT / "docs/protocol.md").read_text(encoding="utf-8"))
    for line, text in file.lines():
        for number, title in CITATION.findall(text):
            if (number or title) not in known:
                yield line, f"docs/protocol.md has no section {number or title}"


CHECKS = [
    file_length,
    function_length,
    includes_point_down,
    dpdk_stays_in_its_room,
    protocol_is_pure,
    header_guard,
    test_names_are_sentences,
    nothing_unfinished,
    speaks_of_itself,
    cited_sections_exist,
]
