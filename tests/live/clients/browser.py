"""Chromium without a window, told what to do by its own protocol over two pipes: no driver has to be installed, and no port is open."""
import fcntl
import json
import os
import queue
import shutil
import subprocess
import threading
import time

# It looks up no host: a page that needs another machine fails here, and a test stays on this one.
FLAGS = ["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-gpu", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
         "--no-sandbox"]  # the sandbox does not start for root, and the only pages are our own


class Browser:
    def __init__(self, folder):
        self.chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if not self.chromium:
            raise RuntimeError("there is no chromium")
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        # The protocol's pipes are 3 and 4 by definition; from numbers that are far from those nothing is overwritten.
        far = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (theirs_in, theirs_out)]
        self.log = open(os.path.join(folder, "chromium.log"), "wb")
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{far[0]} 4>&{far[1]}', "chromium", self.chromium, *FLAGS, f"--user-data-dir={folder}/profile"],
            pass_fds=far, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        for fd in (theirs_in, theirs_out, *far):
            os.close(fd)
        self._number = 0
        self._lock = threading.Lock()
        self._waiting, self._pages = {}, {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.version = self.call("Browser.getVersion")["product"]

    def _read(self):
        rest = b""
        while True:
            some = os.read(self._from, 1 << 16)
            if not some:
                break
            *messages, rest = (rest + some).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    with self._lock:
                        waits = self._waiting.pop(message["id"], None)
                    if waits:
                        waits.put(message)
                elif message.get("sessionId") in self._pages:
                    self._pages[message["sessionId"]].happened(message["method"], message["params"])

    def call(self, method, params=None, session=None, wait=30):
        answer = queue.Queue()
        with self._lock:
            self._number += 1
            number = self._number
            self._waiting[number] = answer
            os.write(self._to, json.dumps({"id": number, "method": method, "params": params or {}, **({"sessionId": session} if session else {})}).encode() + b"\0")
        try:
            found = answer.get(timeout=wait)
        except queue.Empty:
            raise RuntimeError(f"chromium does not answer {method}") from None
        if "error" in found:
            raise RuntimeError(f"{method}: {found['error']['message']}")
        return found["result"]

    def page(self, url):
        """A page of somebody new: with cookies and a storage of its own."""
        return Page(self, self.call("Target.createBrowserContext")["browserContextId"], url)

    def stop(self):
        try:
            self.call("Browser.close", wait=10)
            self.process.wait(10)
        except (RuntimeError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.log.close()


class Page:
    def __init__(self, browser, context, url):
        self.browser = browser
        self.requests, self.failed, self.errors = [], [], []
        self.target = browser.call("Target.createTarget", {"url": "about:blank", "browserContextId": context})["targetId"]
        self.session = browser.call("Target.attachToTarget", {"targetId": self.target, "flatten": True})["sessionId"]
        browser._pages[self.session] = self
        for domain in ("Network", "Runtime", "Page"):
            self.call(f"{domain}.enable")
        self.go(url)

    def call(self, method, params=None):
        return self.browser.call(method, params, self.session)

    def happened(self, method, params):
        if method == "Network.requestWillBeSent":
            self.requests.append((params["request"]["method"], params["request"]["url"]))
        elif method == "Network.loadingFailed":
            self.failed.append(params["errorText"])
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])

    def go(self, url):
        self.call("Page.navigate", {"url": url})

    def ask(self, expression):
        """The value of an expression of JavaScript."""
        found = self.call("Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True})
        if "exceptionDetails" in found:
            raise RuntimeError(f"{expression}: {found['exceptionDetails'].get('exception', {}).get('description')}")
        return found["result"].get("value")

    def wait(self, expression, wait=30):
        """Its value, once it is true."""
        until = time.monotonic() + wait
        while True:
            try:
                value = self.ask(expression)
            except RuntimeError as e:
                if "navigated" not in str(e) and "context" not in str(e):
                    raise
                value = None  # another page is on its way
            if value:
                return value
            if time.monotonic() > until:
                raise RuntimeError(f"{expression} does not come true; errors {self.errors}, failed {self.failed}, requests {self.requests}")
            time.sleep(0.03)

    def click(self, what):
        self.ask(f"document.querySelector({json.dumps(what)}).click()")

    def click_and_go(self, what, url):
        """A click that takes the visitor to another page at once."""
        self.ask(f"window.gone = 1, setTimeout(() => (document.querySelector({json.dumps(what)}).click(), location.href = {json.dumps(url)})), 1")
        self.wait("!window.gone")

    def close(self):
        self.browser.call("Target.closeTarget", {"targetId": self.target})
