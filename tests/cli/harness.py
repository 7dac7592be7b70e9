"""What the tests share: a small pack, ways to run the command, and what every message to an author must look like."""
import json
import os
import re
import subprocess
import tempfile
import time

POLKU = os.path.abspath(os.environ.get("POLKU", "build/release/polku"))

CACHE = tempfile.TemporaryDirectory(prefix="polku-cli-cache-")  # not the user's own

CATALOG = """\
catalog:  shop
history:  30 days
events:
  cart:   { items: whole number, value: money, note: text optional }
  order:  { total: money }
visitor:
  agreed: consent
  tier:   { type: [none, gold], default: none }
  age:    whole number optional
channels:
  email:  { needs: agreed }
  web:    { slots: [hero, side] }
templates:
  reminder: { by: [email], with: { items: whole number } }
  teaser:   { by: [web], with: { note: text optional } }
tasks:
  tease: { with: { note: text optional } }
  later: {}
sources:
  shop:
    format:  csv
    visitor: who
    time:    when
    event:   what
    id:      number
    events:  { CART: cart, ORDER: order }
    fields:  { cart.items: count, cart.value: amount, cart.note: words, order.total: amount }
    attributes: { tier: card }
"""

RULES = """\
journey "Teasers"
  rule tease
    when cart where items more than 0
    do raise task "tease" with note = cart.note
  rule later
    when cart
    then no order for 30 minutes
    do raise task "later"
end
"""


class Impossible(Exception):
    """This machine lacks what the test needs; it is told and counted as skipped, never as passed."""


class Pack:
    """A temporary rule pack: a folder with a catalog and rule files (name → text or bytes)."""

    def __init__(self, rules=RULES, catalog=CATALOG):
        self._folder = tempfile.TemporaryDirectory(prefix="polku-cli-")
        self.path = self._folder.name
        if catalog is not None:
            self.write("catalog.yaml", catalog)
        for name, text in (rules if isinstance(rules, dict) else {"a.polku": rules}).items():
            self.write(name, text)

    def write(self, name, text):
        path = os.path.join(self.path, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, name):
        with open(os.path.join(self.path, name), encoding="utf-8") as file:
            return file.read()

    def has(self, name):
        return os.path.exists(os.path.join(self.path, name))

    def __str__(self):
        return self.path

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._folder.cleanup()


class Result:
    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def decisions(self):
        return [json.loads(line) for line in self.out.split("\n") if line]


def polku(*arguments, stdin=b"", env=None):
    start = time.monotonic()
    done = subprocess.run([POLKU, *map(str, arguments)], input=stdin if isinstance(stdin, bytes) else stdin.encode(), capture_output=True, timeout=120,
                          env={**os.environ, "XDG_CACHE_HOME": CACHE.name, **(env or {})})
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode(), time.monotonic() - start)


def expect(code, result, *said, stderr=True):
    """The exit code, and pieces of what must have been said."""
    text = result.err if stderr else result.out
    assert result.code == code, f"exit code {result.code}, not {code}\n{result.out}\n{result.err}"
    for words in said:
        assert words in text, f"{words!r} was not said:\n{text}"
    assert "\x1b" not in result.out + result.err, "escape codes in a pipe"
    return result


def one_error(pack, name, code, line, underlined, message="", help=None):
    """`polku check` must find this one fault: the same as text and as JSON, at its place, with its help (None: without), quickly.

    line, underlined: None where the place says nothing."""
    text = expect(1, polku("check", pack), f"error[{code}]: ")
    assert text.out == "", text.out
    assert text.seconds < 60, f"took {text.seconds:.1f} s"
    assert len(re.findall(r"(?m)^(error|warning)\[", text.err)) == 1, text.err
    assert text.err.endswith("\n1 error, 0 warnings\n"), text.err
    head, place, _, excerpt, carets, *rest = text.err.splitlines()
    assert message in head, head
    found = re.fullmatch(r" *--> (.*):(\d+):(\d+)", place)
    assert found and os.path.basename(found[1]) == name and line in (int(found[2]), None), place
    assert excerpt.startswith(f"{found[2]} |"), excerpt
    shown = excerpt.split("|", 1)[1][1:]
    marks = carets.split("|", 1)[1][1:]
    begin, width = len(marks) - len(marks.lstrip()), len(marks.strip())
    assert set(marks.strip()) == {"^"}, carets
    if underlined is not None:
        assert shown[begin:begin + width] == underlined, f"{shown[begin:begin + width]!r} is underlined"
    helped = [l.split("help: ", 1)[1] for l in rest if "= help: " in l]
    assert (helped == []) if help is None else (len(helped) == 1 and help in helped[0]), text.err

    as_json = expect(1, polku("check", pack, "--format", "json"))
    assert as_json.seconds < 60, f"took {as_json.seconds:.1f} s"
    report = json.loads(as_json.out)
    assert report["schema"] == 1 and report["errors"] == 1 and report["warnings"] == 0, as_json.out
    (one,) = report["diagnostics"]
    assert (one["code"], one["severity"], one["line"], os.path.basename(one["file"])) == (code, "error", int(found[2]), name), one
    assert one["message"] in head or "\ufffd" in head, (one, head)
    assert one["help"] == (helped[0] if helped else ""), one
    assert one["column"] == int(found[3]) and (one["end_line"], one["end_column"]) >= (one["line"], one["column"]), one
