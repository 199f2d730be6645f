"""Where functions begin and end, from the braces alone: enough for code that clang-format wrote."""
import re

from project import blank_comments_and_strings

NOT_A_FUNCTION = re.compile(
    r"\b(namespace|class|struct|union|enum|concept)\b(?!.*\))|^\s*extern\s*$", re.S
)
LAMBDA = re.compile(r"\[[^\[\]]*\]\s*(<[^{}]*>\s*)?(\([^{}]*\))?[^{}()=;]*$", re.S)
ASSIGNED = re.compile(r"(?<![=!<>+\-*/|&^%])=(?!=)")
OPERATOR = re.compile(r"\boperator\s*[^\s\w]{1,3}\s*(?=\()")
BEFORE_A_MEMBER = re.compile(r"\s*((public|private|protected)\s*:\s*)?")


def opens_function(head):
    """Whether the brace after `head`, the code since the statement began, opens a body."""
    if LAMBDA.search(head):
        return True
    head = OPERATOR.sub("named", BEFORE_A_MEMBER.sub("", head, count=1))
    if head.count("(") != head.count(")") or "(" not in head:
        return False
    # Default arguments and requirements stand within parentheses or angle brackets.
    outside = re.sub(r"\([^()]*\)|<[^<>]*>", "", head)
    while outside != (less := re.sub(r"\([^()]*\)|<[^<>]*>", "", outside)):
        outside = less
    return not ASSIGNED.search(outside) and not NOT_A_FUNCTION.search(outside)


def functions(text):
    """(first line, lines) of each function; what is nested in one belongs to it."""
    code = blank_comments_and_strings(text)
    code = re.sub(r"^[ \t]*#(?:.*\\\n)*.*", lambda m: re.sub(r"[^\n]", " ", m[0]), code, flags=re.M)
    depth, start, body_depth, first = 0, 0, None, 0
    for at, char in enumerate(code):
        if char == "{":
            if body_depth is None and opens_function(code[start:at]):
                body_depth = depth
                begin = start + len(BEFORE_A_MEMBER.match(code[start:at])[0])
                first = code.count("\n", 0, begin) + 1
            depth += 1
        elif char == "}":
            depth -= 1
            if body_depth == depth:
                yield first, code.count("\n", 0, at) + 2 - first
                body_depth = None
        if char in "{};":
            start = at + 1
