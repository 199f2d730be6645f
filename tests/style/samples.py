"""For each check, code that breaks it and code that does not: a check that cannot fail is worthless.

The forbidden words are put together here, so that this file does not hold them.
"""


def body(lines):
    return "".join(f"  step({i});\n" for i in range(lines))


def joined(*parts):
    return "".join(parts)


# check: [(path, text, line at which it must be reported)]
BROKEN = {
    "file_length": [
        ("ring/long.cc", "int x;\n" * 401, 1),
        ("scripts/long", "true\n" * 401, 1),
    ],
    "function_length": [
        ("ring/a.cc", "void f() {\n" + body(69) + "}\n", 1),
        ("ring/b.cc", "namespace n {\nclass C {\n public:\n  int g(int a = 1) const {\n" + body(70) + "  }\n};\n}\n", 4),
        ("ring/c.cc", "struct S {};\n\nTEST(Ring, IsLong) {\n  if (x) {\n" + body(70) + "  }\n}\n", 3),
        ("ring/d.cc", "const auto handler = [](int a) -> int {\n" + body(70) + "};\n", 1),
        ("ring/e.cc", "template <class T>\n  requires(sizeof(T) == 8)\nbool operator==(T a, T b) {\n" + body(70) + "}\n", 1),
        ("ring/f.cc", "C::C(int a)\n    : a_(a),\n      b_(2) {\n" + body(70) + "}\n", 1),
        ("ring/g.cc", 'void f() {\n  say("}");  // }\n  char c = \'}\';\n' + body(70) + "}\n", 1),
    ],
    "includes_point_down": [
        ("ring/a.h", '#include "cluster/types.h"\n', 1),
        ("cluster/a.h", '#include "ring/ring.h"\n#include "node/node.h"\n', 2),
        ("cluster/a.cc", '#  include "tools/x.h"\n', 1),
        ("dpdk_transport/a.cc", '#include "socket_transport/a.h"\n', 1),
        ("socket_transport/a.cc", '#include "dpdk_transport/a.h"\n', 1),
        ("node/a.cc", '#include "tools/a.h"\n', 1),
        ("tools/a.cc", '#include "tests/a.h"\n', 1),
        ("cluster/b.cc", '#include "types.h"\n', 1),
        ("cluster/c.cc", '#include "../node/node.h"\n', 1),
    ],
    "dpdk_stays_in_its_room": [
        ("node/a.cc", "#include <rte_mbuf.h>\n", 1),
        ("cluster/a.cc", '\n#include "rte_ring.h"\n', 2),
        ("bench/other.cc", "#include <rte_ring.h>\n", 1),
    ],
    "protocol_is_pure": [
        ("cluster/a.h", "#include <chrono>\n", 1),
        ("cluster/a.h", "#include <thread>\n", 1),
        ("cluster/a.h", "#include <random>\n", 1),
        ("cluster/a.h", "#include <sys/socket.h>\n", 1),
        ("cluster/a.h", "#include <fstream>\n", 1),
        ("cluster/a.cc", "auto t = now();\nauto u = steady_clock::now();\n", 2),
    ],
    "header_guard": [
        ("ring/a.h", "// Says nothing.\n#include <vector>\n#pragma once\n", 1),
        ("ring/b.h", "int x;\n", 1),
        ("ring/c.h", "// #pragma once\n", 1),
    ],
    "test_names_are_sentences": [
        ("tests/a.cc", "TEST(Ring, Works) {}\n", 1),
        ("tests/a.cc", "\nTEST_F(Ring, keeps_order) {}\n", 2),
        ("tests/a.cc", "TEST(ring_test, KeepsOrder) {}\n", 1),
        ("tests/a.cc", "TEST(Ring,\n     Test1) {}\n", 1),
        ("tests/a.cc", "TYPED_TEST(Ring, fullRing) {}\n", 1),
    ],
    "nothing_unfinished": [
        ("node/a.cc", joined("// TO", "DO: the rest\n"), 1),
        ("scripts/a", joined("\n# FIX", "ME\n"), 2),
        ("tests/a.cc", joined("TEST(Ring, DISAB", "LED_KeepsOrder) {}\n"), 1),
        ("tests/a.cc", joined("  GTEST_SK", "IP();\n"), 1),
        ("tests/a.cc", joined("int XX", "X;\n"), 1),
    ],
    "speaks_of_itself": [
        ("docs/a.md", joined("See /wor", "k/main.\n"), 1),
        ("docs/a.md", joined("\nthe far", "m-bench\n"), 2),
        ("scripts/a", joined("curl https://pypi.or", "g/\n"), 1),
    ],
    "cited_sections_exist": [
        ("cluster/a.h", "// docs/protocol.md §9.9\n", 1),
        ("cluster/a.h", '\n// (docs/protocol.md, "Nowhere")\n', 2),
    ],
}

# check: [(path, text)] that must not be reported
SOUND = {
    "file_length": [("ring/a.cc", "int x;\n" * 400), ("docs/protocol.md", "word\n" * 900)],
    "function_length": [
        ("ring/a.cc", "void f() {\n" + body(68) + "}\n"),
        ("ring/b.cc", "namespace n {\nvoid f() {\n" + body(60) + "}\nvoid g() {\n" + body(60) + "}\n}\n"),
        ("ring/c.cc", "struct Wide : Base<decltype(f())> {\n" + "  int x;\n" * 90 + "};\n"),
        ("ring/d.cc", "constexpr std::array<int, f(3)> table = {\n" + "  1,\n" * 90 + "};\n"),
        ("ring/e.cc", "class C {\n" + "  void f() { g(); }\n" * 90 + "};\n"),
        ("ring/f.cc", "enum class E {\n" + "  a,\n" * 90 + "};\n"),
    ],
    "includes_point_down": [
        ("node/a.cc", '#include "cluster/types.h"\n#include "node/a.h"\n#include <vector>\n'),
        ("tests/node/a.cc", '#include "tests/node/a.h"\n#include "tools/a.h"\n'),
    ],
    "dpdk_stays_in_its_room": [
        ("dpdk_transport/a.cc", "#include <rte_mbuf.h>\n"),
        ("bench/ring/dpdk_ring.h", "#include <rte_ring.h>\n"),
    ],
    "protocol_is_pure": [
        ("cluster/a.h", "#include <vector>\n// steady_clock is the driver's\n"),
        ("node/a.h", "#include <chrono>\n#include <thread>\n"),
    ],
    "header_guard": [
        ("ring/a.h", "// What it is.\n#pragma once\n\n#include <vector>\n"),
        ("pch/a.h", "// What all include.\n#include <vector>\n"),
    ],
    "test_names_are_sentences": [
        ("tests/a.cc", "TEST(Suspicion, IsRefutedByAHigherIncarnation) {}\n"),
        ("tests/a.cc", "TEST_P(SpscRing, KeepsOrderOver2Laps) {}\n"),
    ],
    "nothing_unfinished": [("docs/a.md", joined("No TO", "DO.\n")), ("node/a.cc", "int xxx;\n")],
    "speaks_of_itself": [("docs/a.md", "the work of a session\n")],
    "cited_sections_exist": [
        ("cluster/a.h", '// docs/protocol.md §4.2, protocol.md §4; docs/protocol.md, "Joining"\n')
    ],
}

SPECIFICATION = "# The protocol\n\n## §4 Joining\n\n§4.2 A joiner is refused.\n"
