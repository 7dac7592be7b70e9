"""Runs the tests of the command: POLKU=build/release/polku python3 -B tests/cli/cli_test.py [part of a name]"""
import inspect
import sys
import time
import traceback

sys.dont_write_bytecode = True

import catalogs
import choice
import formatting
import inputs
import rule_files
import runs
import verbs
from harness import Impossible


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    passed = failed = skipped = 0
    for module in (rule_files, catalogs, inputs, runs, choice, verbs, formatting):
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if not name.startswith("test_") or wanted not in name:
                continue
            start = time.monotonic()
            try:
                test()
                passed += 1
            except Impossible as e:
                skipped += 1
                print(f"SKIPPED {module.__name__}.{name}: {e}")
            except Exception:
                failed += 1
                print(f"FAIL {module.__name__}.{name}")
                traceback.print_exc(file=sys.stdout)
            if time.monotonic() - start > 20:
                print(f"note: {name} took {time.monotonic() - start:.0f} s")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
