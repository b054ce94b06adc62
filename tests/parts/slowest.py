"""Prints how many tests a JUnit report of `cargo nextest` lists, and the ten slowest: slowest.py REPORT"""

import sys
import xml.etree.ElementTree as ElementTree

tests = [
    (float(case.get("time", 0)), f"{case.get('classname')} {case.get('name')}")
    for case in ElementTree.parse(sys.argv[1]).iter("testcase")
]
tests.sort(reverse=True)
print(f"{len(tests)} tests ran. The slowest:")
for seconds, name in tests[:10]:
    print(f"  {seconds:6.1f} s  {name}")
