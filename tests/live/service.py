"""A `polku serve` of a test's own: started, asked, killed, started again."""
import http.client
import json
import os
import re
import resource
import signal
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
POLKU = os.environ.get("POLKU", os.path.join(ROOT, "build/release/polku"))

CATALOG = """\
catalog: shop
events:
  order_placed: { n: whole number }
  cart_updated: { n: whole number, items: whole number optional }
visitor:
  plan: text optional
channels:
  web: { slots: [hero] }
templates:
  teaser: { by: [web] }
tasks:
  pack: { with: { n: whole number } }
  call: { with: { n: whole number } }
"""
RULES = """\
journey "Shop"
  rule each_order
    when order_placed
    do raise task "pack" with n = order_placed.n

  rule left_cart
    when cart_updated
    then no order_placed, cart_updated for 1 second
    do raise task "call" with n = cart_updated.n

  rule teaser
    when asked for web.hero
    do show "teaser" in web.hero
end
"""


def write_pack(folder, catalog=CATALOG, rules=RULES):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "catalog.yaml"), "w", encoding="utf-8") as file:
        file.write(catalog)
    with open(os.path.join(folder, "shop.polku"), "w", encoding="utf-8") as file:
        file.write(rules)
    return folder


def begin(pack, data, *flags, env=None, port=0, files=None):
    """The process, which is about to start."""
    return subprocess.Popen([POLKU, "serve", pack, "--data", data, "--listen", f"127.0.0.1:{port}", "--no-cache", *flags], stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})},
                            preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None)


class Service:
    def __init__(self, pack, data, *flags, env=None, wait=30, port=0, files=None):
        """files: how many may be open at once."""
        self.process = begin(pack, data, *flags, env=env, port=port, files=files)
        self.said = ""
        self.port = self.admin_port = None
        until = time.monotonic() + wait
        while time.monotonic() < until:
            line = self.process.stderr.readline()
            if not line:
                break
            self.said += line
            found = re.search(r"on http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                operators = re.search(r"operators on http://127\.0\.0\.1:(\d+)", line)
                self.admin_port = int(operators.group(1)) if operators else self.port
                return
        self.process.kill()
        raise RuntimeError(f"the service does not start, exit code {self.process.wait()}: {self.said}")

    def connect(self, timeout=15):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None):
        """(status, body as text, headers)"""
        c = self.connect()
        try:
            c.request(method, path, body if body is None or isinstance(body, (bytes, str)) else json.dumps(body), headers or {})
            r = c.getresponse()
            return r.status, r.read().decode("utf-8", "replace"), {k.lower(): v for k, v in r.getheaders()}
        finally:
            c.close()

    def admin(self, method, path, body=None, headers=None, lost=False):
        """(status, body as text) of operators' address; lost: None if there is no answer."""
        c = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=30)
        try:
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            return r.status, r.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            if lost:
                return None
            raise
        finally:
            c.close()

    def metric(self, name):
        found = re.search(rf"^polku_{re.escape(name)} (\d+)", self.ask("GET", "/metrics")[1], re.M)
        return int(found.group(1)) if found else 0

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def stop(self, wait=60):
        """Exit code, what it said."""
        self.process.send_signal(signal.SIGTERM)
        self.said += self.process.stderr.read()
        self.process.stderr.close()
        return self.process.wait(wait), self.said
