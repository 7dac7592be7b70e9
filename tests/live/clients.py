#!/usr/bin/env python3
"""The service and the clients that others made: unmodified packages from npm send visits, from node and from a page in Chromium, and what is decided must come back.

usage: tests/live/clients.py [--modules build/clients]       scripts/check-clients installs them first
The last line is `N passed, M failed`.
"""
import argparse
import glob
import gzip
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "clients")]
sys.dont_write_bytecode = True
from network import hiccups  # noqa: E402
from service import ROOT  # noqa: E402
from world import KEY, Background, World, same  # noqa: E402

TESTS = []


def test(f):
    TESTS.append(f)
    return f


@test
def a_page_in_a_browser(w):
    page = w.page(order="anna-1")
    anonymous = page.ask("shop.anonymousId")
    # Nobody knows who it is: the page shows what the service chose for the anonymous visitor.
    same(page.ask("document.querySelector('#hero').textContent"), "Log in, and keep your cart.")
    (_, first), = w.listener.wait(1, anonymous, "login_teaser")
    same(page.ask("document.querySelector('#hero').dataset.decision"), first["id"])
    page.click("#add")
    w.login(page, "anna")
    # The cart was put together before the login, and is the known visitor's now.
    page.wait("document.querySelector('#hero').textContent == 'Welcome back. In your cart: 1.'")
    (_, second), = w.listener.wait(1, "anna", "cart_teaser")
    same(page.ask("document.querySelector('#hero').dataset.decision"), second["id"])
    page.click("#add")
    page.wait("shop.done == 4")
    w.sent += 4
    same(w.reminded("anna", page.ask("shop.left"))["actions"][0]["params"], {"product": "Tent"})
    same(w.listener.having(anonymous, "cart_reminder"), [])


@test
def a_page_of_one_who_buys(w):
    page = w.page(order="bert-1")
    w.login(page, "bert")
    page.wait("document.querySelector('#hero').textContent.startsWith('Welcome')")
    page.click("#add")
    page.click("#buy")
    page.wait("shop.done == 4")
    w.sent += 4
    w.orders("bert", 1)
    w.buyers.add("bert")


@test
def a_page_that_is_closed(w):
    """What a page has kept for its batch leaves it when it is closed."""
    page = w.page(batching="yes")
    before = w.service.metric("records_total")
    w.login(page, "lena")
    page.click("#add")
    page.wait("shop.done == 3")
    same(w.service.metric("records_total"), before)
    left = page.ask("shop.left")
    page.close()
    w.sent += 3
    w.reminded("lena", left)


@test
def a_page_that_is_left_with_a_click(w):
    """A request that is under way when the page goes is sent again by the next page, or was not in vain: once in either case."""
    page = w.page(order="nina-1")
    w.login(page, "nina")
    page.wait("document.querySelector('#hero').textContent.startsWith('Welcome')")
    page.click_and_go("#buy", page.ask("location.href") + "&next=1")
    page.wait("window.shop?.ready")
    w.sent += 4
    w.orders("nina", 1)


@test
def a_page_on_a_bad_network(w):
    bad = hiccups(w.service.port, ["no answer", 503, "hang up", 429])
    w.hosts.add(bad.url)
    page = w.page(service=bad.url, order="bodil-1")
    w.login(page, "bodil")
    page.click("#buy")
    page.wait("shop.done == 3")  # gone, or put aside
    w.sent += 3
    w.orders("bodil", 1)
    until = time.monotonic() + 30
    while len([1 for what, _, _ in bad.seen if what == "answer"]) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    same(sorted(str(what) for what, _, _ in bad.seen), ["429", "503", "answer", "answer", "answer", "hang up", "no answer"])
    same(len(w.listener.having("bodil", "pack")), 1)


@test
def segment_for_node(w):
    w.visit("segment-node.mjs", "sanna")


@test
def rudderstack_for_node(w):
    w.visit("rudder-node.mjs", "ruth")


@test
def cloud_events(w):
    found = w.node("cloudevents.mjs", "cleo")
    same([json.loads(a) for a in found["answers"]], [{"success": True}] * 6)
    w.buyers.add("cleo-buyer")
    same(w.reminded("cleo", found["left"])["actions"][0]["params"], {"product": "Lämpöpatja 20 °C"})
    same(len(w.listener.wait(1, "cleo", "call_back")), 1)
    w.listener.wait(1, "cleo-buyer", "pack")


@test
def segment_for_node_on_a_bad_network(w):
    """Three batches; some meet a closed connection, errors, or lose their answer, and are sent again."""
    bad = hiccups(w.service.port, ["hang up", 503, "no answer", 429])
    before = w.service.metric("records_duplicate_total")
    w.node("segment-node.mjs", "orders", "sven", 40, to=bad.url)
    w.orders("sven", 40)
    same(sorted(map(str, [what for what, _, _ in bad.seen])), sorted(["hang up", "503", "no answer", "429", "answer", "answer", "answer"]))
    same(w.service.metric("records_duplicate_total") > before, True)  # those whose answer was lost came twice


@test
def rudderstack_for_node_on_a_bad_network(w):
    bad = hiccups(w.service.port, ["hang up", 503, 429, "no answer"])
    before = w.service.metric("records_duplicate_total")
    w.node("rudder-node.mjs", "orders", "rolf", 20, to=bad.url)
    w.orders("rolf", 20)
    same(w.service.metric("records_duplicate_total") > before, True)
    same({gzip.decompress(body)[:9] for _, _, body in bad.seen}, {b'{"batch":'})  # it was compressed all the while


@test
def nothing_is_lost_while_the_service_is_down(w):
    """The service is killed; clients start, try in vain, and are heard when it is back. A cart from before is not forgotten."""
    pages = []
    for name in ("dora", "dirk"):
        pages.append(w.page(order=f"{name}-1"))
        w.login(pages[-1], name)
        pages[-1].wait("document.querySelector('#hero').textContent.startsWith('Welcome')")
    dora, dirk = pages
    dora.click("#add")
    dora.wait("shop.done == 3")
    left = dora.ask("shop.left")
    w.sent += 5
    w.taken()  # the next service counts anew
    w.service.kill()
    runs = [Background(w, "segment-node.mjs", "down-s"), Background(w, "rudder-node.mjs", "down-r")]
    dirk.click("#buy")
    dirk.wait("shop.done == 3")  # the library has put it aside, for later
    same("net::ERR_CONNECTION_REFUSED" in dirk.failed, True)
    for run in runs:
        same(run.tried.wait(30), True)
    w.service = w.start(w.service.port)
    back = time.time()
    w.sent += 1
    for run in runs:
        run.end()
    for name, count in (("down-s", 5), ("down-r", 5), ("dirk", 1)):
        w.orders(name, count)
    w.reminded("dora", left, back)


@test
def every_record_counted_once(w):
    w.taken()


@test
def nobody_who_bought_is_reminded(w):
    # One who leaves a cart after they all have bought: once this one is reminded, so would they have been.
    left = w.node("segment-node.mjs", "visit", "last")["left"]
    w.reminded("last", left)
    w.buyers.add("last-buyer")
    same({v for v in w.buyers if w.listener.having(v, "cart_reminder")}, set())
    # Nor anybody twice, nor under an id of a visit that was not known yet.
    reminded = [d["visitor"] for _, d in w.listener.having(name="cart_reminder")]
    same(sorted(reminded), sorted(set(reminded)))
    same([v for v in reminded if "-" in v], [])


@test
def the_page_needs_no_other_host(w):
    # The library tells others about itself half a minute after its start, if its settings do not forbid it.
    w.pages[0].wait("performance.now() > 32_000", wait=60)
    hosts = {re.match(r"\w+://[^/]*", url)[0] for page in w.pages for _, url in page.requests}
    same(hosts, w.hosts)
    same([e for page in w.pages for e in page.errors], [])
    asked = {path for page in w.pages for method, url in page.requests if url.startswith(w.url) for path in [f"{method} {url[len(w.url):]}"]}
    wanted = {f"GET /v1/projects/{KEY}/settings", "POST /v1/p", "POST /v1/i", "POST /v1/t", "POST /v1/decide"}
    same(wanted - asked, set())


@test
def the_page_of_documentation_says_what_was_run(w):
    def code(path):
        with open(path, encoding="utf-8") as file:
            return file.read()
    run = {line.strip() for path in glob.glob(os.path.join(HERE, "clients/*.mjs")) + glob.glob(os.path.join(HERE, "clients/shop/*")) for line in code(path).splitlines()}
    section = code(os.path.join(ROOT, "docs/serve.md")).partition("\n## Point a client at the service\n")[2].partition("\n## ")[0]
    said = [line.strip() for block in re.findall(r"```js\n(.*?)```", section, re.S) for line in block.splitlines()]
    same(len(said) > 10, True)
    same([line for line in said if line not in run], [])
    with open(os.path.join(HERE, "clients/package.json"), encoding="utf-8") as file:
        same([f"{name}` {version}" for name, version in json.load(file)["dependencies"].items() if f"`{name}` {version}" not in section], [])


@test
def the_file_has_what_the_stream_said(w):
    code, said = w.service.stop()
    same((code, said if code else ""), (0, ""))
    with open(w.file, encoding="utf-8") as file:
        written = {d["id"]: d for d in map(json.loads, file)}
    heard = {d["id"]: d for _, d in w.listener.heard}
    same(sorted(written), sorted(heard))
    same([i for i in heard if heard[i] != written[i]], [])
    same(len(heard), len(w.listener.heard))  # and it said nothing twice, though the service was killed once


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modules", default=os.path.join(ROOT, "build/clients"))
    args = parser.parse_args()
    # node looks for packages beside the script and above it.
    for script in glob.glob(os.path.join(HERE, "clients/*.mjs")):
        shutil.copy(script, args.modules)
    with open(os.path.join(HERE, "clients/package.json"), encoding="utf-8") as file:
        for name in json.load(file)["dependencies"]:
            with open(os.path.join(args.modules, "node_modules", name, "package.json"), encoding="utf-8") as package:
                print(f"{name} {json.load(package)['version']}")
    folder = tempfile.mkdtemp(prefix="polku-clients-")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    passed = failed = 0
    w = World(folder, args.modules)
    try:
        w.begin()
        print(w.browser.version, flush=True)
        for t in TESTS:
            start = time.monotonic()
            try:
                t(w)
                passed += 1
                print(f"  {t.__name__}: {time.monotonic() - start:.1f} s", flush=True)
            except Exception as e:  # the next one is tried all the same
                failed += 1
                print(f"clients: {t.__name__}: {type(e).__name__}: {e}", flush=True)
    finally:
        w.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
