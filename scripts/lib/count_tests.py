"""Counts what ctest ran: usage count_tests.py JUNIT_FILE prints "passed failed". A Boost.Test executable counts as its cases."""

import re
import sys
import xml.etree.ElementTree as xml

CASES = re.compile(r"^\s*(\d+) test cases? out of \d+ (passed|failed)$", re.MULTILINE)


def count_case(case):
    broken = case.find("failure") is not None or case.get("status") in ("fail", "notrun")
    # What failed includes what was aborted; a crash leaves no report.
    counts = {kind: int(number) for number, kind in reversed(CASES.findall(case.findtext("system-out") or ""))}
    passed, failed = counts.get("passed", 0), counts.get("failed", 0)
    if broken:
        return passed, max(failed, 1)
    return (passed, failed) if counts else (1, 0)


def main():
    totals = [count_case(case) for case in xml.parse(sys.argv[1]).getroot().iter("testcase") if case.get("status") != "disabled"]
    print(sum(passed for passed, _ in totals), sum(failed for _, failed in totals))


if __name__ == "__main__":
    main()
