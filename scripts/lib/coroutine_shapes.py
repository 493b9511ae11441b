"""Rejects coroutine code that GCC 12 compiles wrongly, silently and at every optimisation level (PR 106188, 107288, 98401), and a few that
no compiler can save. Usage: coroutine_shapes.py FILE...; prints file:line: what to write instead, and ends with 1 if there was anything.

The rule behind it: co_await stands alone, as a statement or as the initialiser of a named local, and its arguments are plain.
"""

import re
import sys

LITERAL = re.compile(r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
CLOSING = {"(": ")", "{": "}", "[": "]"}


def blanked(text):
    """The same text, line for line, without comments and the insides of literals."""
    return LITERAL.sub(lambda found: '""' + re.sub(r"[^\n]", " ", found.group(0))[2:] if found.group(0)[0] in "\"'R" else re.sub(r"[^\n]", " ", found.group(0)), text)


def end_of(text, start):
    """The position behind the bracket that closes the one at start."""
    depth = 0
    for position in range(start, len(text)):
        if text[position] in "({[":
            depth += 1
        elif text[position] in ")}]":
            depth -= 1
            if depth == 0:
                return position + 1
    return len(text)


def conditions(text):
    for found in re.finditer(r"\b(if|while|switch|for)\b\s*(?:constexpr\s*)?(\()", text):
        inside = text[found.end() : end_of(text, found.start(2)) - 1]
        parts = inside.split(";")
        tested = parts[1] if found.group(1) == "for" and len(parts) == 3 else parts[-1] if found.group(1) != "for" else ""
        if "co_await" in tested:
            yield found.start(), f"{found.group(1)} (co_await …): await into a named local, then use the local"


def statements(text):
    """Each co_await with its whole statement: from the last ; { } to the ; that ends it, brackets skipped."""
    for found in re.finditer(r"\bco_await\b", text):
        begin = max(text.rfind(mark, 0, found.start()) for mark in ";{}") + 1
        end = found.end()
        while end < len(text) and text[end] not in ";})":
            end = end_of(text, end) if text[end] in "({[" else end + 1
        yield found.start(), text[begin : found.start()], text[found.end() : end], text[begin - 1 : begin], text[end : end + 1]


def expressions(text):
    for position, before, after, opened_by, ended_by in statements(text):
        if "?" in before or "?" in after:
            yield position, "c ? … : … with co_await: use if and else that assign a local"
        # The awaited object itself may be made in place: co_await writable{*this}.
        if re.search(r"\{\s*[^\s}]", re.sub(r"^\s*[\w:<>]+\{[^{}]*\}", "", after)):
            yield position, "braces among the arguments of co_await: name the value first, then move it in"
        if re.search(r"(?:^|[(,=&|]|\breturn)\s*\[[^\]\s][^\]]*\]\s*(?:\(|\{|mutable|noexcept|->)", after):
            yield position, "capturing lambda in a co_await expression: name it first, then move it in"
        if opened_by == "{" and ended_by == "}":
            yield position, "co_await inside an initialiser list: await into locals first"


def lambdas(text):
    for found in re.finditer(r"(?:[(,={;&|]|\breturn|^)\s*(\[)(?!\])(?!\[)", text, re.MULTILINE):
        captures_end = end_of(text, found.start(1))
        rest = re.match(r"\s*(?:<[^>{;]*>\s*)?(\()?", text[captures_end:])
        body = captures_end + rest.end()
        if rest.group(1):
            body = end_of(text, body - 1)
        specifiers = re.match(r"\s*(?:mutable\s*|noexcept\s*)*(?:->[^{;]*)?\{", text[body:])
        if not specifiers:
            continue
        start = body + specifiers.end() - 1
        if re.search(r"\bco_(?:await|return|yield)\b", text[start : end_of(text, start)]):
            yield found.start(1), "capturing lambda as a coroutine: its captures die before it; use a named function with parameters"


def words(text):
    for found in re.finditer(r"\basio\s*::\s*detached\b|\bdetached_t\b", text):
        yield found.start(), "asio::detached drops exceptions: give co_spawn an error sink"
    for found in re.finditer(r"\bframe_ptr\b", text):
        yield found.start(), "frame_ptr is the name of GCC's own coroutine frame: call it otherwise"


def check(source):
    text = blanked(source)
    found = {(text.count("\n", 0, position) + 1, message) for rule in (conditions, expressions, lambdas, words) for position, message in rule(text)}
    return sorted(found)


BAD = [
    "if (co_await f()) co_return;",
    "while (more && co_await f()) {}",
    "do { g(); } while (co_await f());",
    "switch (co_await f()) {}",
    "for (; co_await f();) {}",
    "if (g(); co_await f()) {}",
    "const auto x = c ? co_await a() : b;",
    "co_return c ? a : co_await b();",
    "co_await (c ? a() : b());",
    "co_await send(msg{1, text});",
    "co_await send({1, text});",
    "const agg a{co_await x(), {}};",
    "co_await run([s] { g(s); });",
    "co_await [s]() -> task { co_return; }();",
    "co_spawn(e, [this]() -> awaitable<void> { co_await run(); }, sink);",
    "auto f = [&]() -> task { co_return; };",
    "co_spawn(e, run(), boost::asio::detached);",
    "void* frame_ptr;",
]
GOOD = [
    "const bool ok = co_await f();\nif (ok) co_return;",
    "if (auto x = co_await f(); x) co_return;",
    "co_await f(name, std::move(text), make(3));",
    "{ co_await f(); }",
    "for (;;) { co_await f(); }",
    "if (x) { co_await f(); } else { co_await g(); }",
    "while (!stopped) co_await f();",
    "const auto [problem, size] = co_await read(socket, as_tuple(use_awaitable));",
    "co_await f(table[i](x));",
    "auto f = [&] { return 1; };\nco_await g(std::move(f));",
    "// if (co_await f())\nconst char* text = \"while (co_await x)\";",
    "const auto digit = 1'000'000; co_await f(digit);",
    "co_await writable{*this};",
    "const int a = c ? 1 : 2;\nco_await f(a);",
]


def test_itself():
    missed = [shape for shape in BAD if not check(shape)]
    wrong = [shape for shape in GOOD if check(shape)]
    if missed or wrong:
        sys.exit(f"coroutine_shapes.py is broken: does not see {missed}, objects to {wrong}")


def main():
    test_itself()
    bad = 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            for line, message in check(file.read()):
                print(f"{path}:{line}: {message}", file=sys.stderr)
                bad += 1
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
