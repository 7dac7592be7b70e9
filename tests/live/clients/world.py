"""What a test of real clients needs: the service, who listens to it, the shop's web server, the browser, and runs of node."""
import datetime
import json
import os
import subprocess
import threading
import time

from browser import Browser
from network import Listener, web_server
from service import Service

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = "wk_shop"
AFTER = 4  # seconds: the journey of pack
TOLERANCE = 2


def same(found, wanted):
    if found != wanted:
        raise AssertionError(f"found {found!r}, wanted {wanted!r}")


def seconds(at):
    """An instant of a decision as seconds since 1970."""
    return datetime.datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()


class World:
    """The service, its listener, the shop's web server, the browser, and what has been sent so far."""

    def __init__(self, folder, modules):
        self.folder, self.modules = folder, modules
        self.file = os.path.join(folder, "decisions.ndjson")
        self.pages = []
        self.hosts = set()  # that pages may talk to
        self.buyers = set()
        self.sent = 0
        self.service = self.browser = self.listener = None

    def begin(self):
        self.service = self.start()
        self.listener = Listener(self.service.port, KEY)
        # The page's own files, and the library as npm brought it.
        self.shop = web_server([("/analytics-next/", os.path.join(self.modules, "node_modules/@segment/analytics-next/dist/umd")), ("/", os.path.join(HERE, "shop"))])
        self.hosts |= {self.shop.url, self.url}
        self.browser = Browser(self.folder)
        if not self.listener.connected.wait(10):
            raise RuntimeError("the stream of decisions does not answer")

    def start(self, port=0):
        self.sent = 0  # the service counts from its start
        return Service(os.path.join(HERE, "pack"), os.path.join(self.folder, "data"), "--decisions", self.file, "--write-key", KEY, "--shards", "2", port=port)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.service.port}"

    def stop(self):
        if self.listener:
            self.listener.ended = True
        if self.browser:
            self.browser.stop()
        if self.service and self.service.process.poll() is None:
            self.service.kill()

    def node(self, script, *arguments, to=None, tries=None):
        """Runs a client; what it says at its end. `tries` is set when it has tried to send."""
        p = subprocess.Popen(["node", os.path.join(self.modules, script), to or self.url, KEY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = []

        def read():
            for line in p.stderr:
                said.append(line)
                if tries and line.startswith("tries"):
                    tries.set()
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        timer = threading.Timer(90, p.kill)
        timer.start()
        out = p.stdout.read()
        code = p.wait()
        timer.cancel()
        reader.join(5)
        if code != 0:
            raise RuntimeError(f"{script} ended with {code}: {''.join(said)[-2000:]}")
        found = json.loads(out)
        same(found.get("lost", []), [])
        self.sent += found["sent"]
        return found

    def page(self, **more):
        query = "&".join(f"{k}={v}" for k, v in {"service": self.url, "key": KEY, **more}.items())
        page = self.browser.page(f"{self.shop.url}/index.html?{query}")
        page.wait("window.shop?.ready")
        self.pages.append(page)
        return page

    def login(self, page, user):
        page.ask(f"document.querySelector('[name=user]').value = {json.dumps(user)}")
        page.click("#login button")

    def reminded(self, visitor, left, back=0):
        """One reminder came for the visitor, `AFTER` seconds after the cart was left; `left` is that time by the client's clock. `back`: when the service was there again."""
        (came, decision), = self.listener.wait(1, visitor, "cart_reminder")
        due = left / 1000 + AFTER
        for what, t, latest in (("it is of", seconds(decision["at"]), due), ("it came", came, max(due, back))):
            if not due - 0.01 <= t <= latest + TOLERANCE:
                raise AssertionError(f"the reminder of {visitor} was due at {due:.3f}; {what} {t:.3f}, {t - due:+.3f} s")
        return decision

    def taken(self):
        """Every record that was sent was taken, once. Those who ask for a decision are records as well."""
        until = time.monotonic() + 10
        while (taken := self.service.metric("records_taken_total") - self.service.metric("decide_requests_total")) < self.sent and time.monotonic() < until:
            time.sleep(0.05)
        same(taken, self.sent)
        rejected = [line for line in self.service.ask("GET", "/metrics")[1].splitlines() if line.startswith("polku_records_rejected_total") and not line.endswith(" 0")]
        same(rejected, [])

    def orders(self, visitor, count):
        """Each of the visitor's orders was packed once."""
        found = self.listener.wait(count, visitor, "pack")
        same(sorted(d["actions"][0]["params"]["number"] for _, d in found), sorted(f"{visitor}-{n}" for n in range(1, count + 1)))

    def visit(self, script, name):
        """A client of node's: a visit that starts anonymous, and another one who buys."""
        left = self.node(script, "visit", name)["left"]
        self.buyers.add(f"{name}-buyer")
        self.listener.wait(1, f"{name}-buyer", "pack")
        same(self.reminded(name, left)["actions"][0]["params"], {"product": "Tent"})


class Background(threading.Thread):
    """A client that runs while the test goes on, and has five orders to tell."""

    def __init__(self, w, script, name):
        super().__init__(daemon=True)
        self.tried, self.error = threading.Event(), None
        self.arguments = w, script, name, w.url
        self.start()

    def run(self):
        w, script, name, to = self.arguments
        try:
            w.node(script, "orders", name, 5, to=to, tries=self.tried)
        except Exception as e:
            self.error = e

    def end(self):
        self.join(100)
        if self.error:
            raise self.error
