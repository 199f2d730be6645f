#!/usr/bin/env python3
"""Style is a test: the tree breaks no check, and each check reports what breaks it."""
import functools
import re
import unittest

from checks import CHECKS, cited_sections_exist, sections
from project import File, files
from samples import BROKEN, SOUND, SPECIFICATION

TREE = list(files())


def on_sample(check):
    if check is cited_sections_exist:
        return functools.partial(check, known=sections(SPECIFICATION))
    return check


class Style(unittest.TestCase):
    def test_the_tree_was_found(self):
        paths = {file.path for file in TREE}
        self.assertTrue({"cluster/types.h", "scripts/test", "meson.build"} <= paths)

    def test_the_example_shows_every_key_of_a_configuration(self):
        text = {file.path: file.text for file in TREE}
        read = set(re.findall(r'(?:fields|root_)\.\w+\(\s*"(\w+)"', text["node/config_file.cc"]))
        self.assertTrue({"name", "heartbeat_interval", "streams", "path"} <= read)
        shown = set(re.findall(r"^(?:# )?(\w+) = |^# \[\[(\w+)", text["examples/node.toml"], re.M))
        self.assertFalse(read - {key for pair in shown for key in pair})


def tree_keeps(check):
    def test(self):
        found = [f"{file.path}:{line}: {what}" for file in TREE for line, what in check(file)]
        self.assertFalse(found, "\n" + "\n".join(found))

    return test


def check_reports_its_samples(check):
    def test(self):
        for path, text, line in BROKEN[check.__name__]:
            reported = [at for at, _ in on_sample(check)(File(path, text))]
            self.assertIn(line, reported, f"not reported: {path}\n{text[:300]}")
        for path, text in SOUND[check.__name__]:
            reported = list(on_sample(check)(File(path, text)))
            self.assertFalse(reported, f"reported: {path}\n{text[:300]}")

    return test


for each in CHECKS:
    setattr(Style, f"test_the_tree_keeps_{each.__name__}", tree_keeps(each))
    setattr(Style, f"test_samples_of_{each.__name__}", check_reports_its_samples(each))

if __name__ == "__main__":
    unittest.main()
