"""What stands around the service: the shop's own web server, a network with hiccups, and somebody who listens to the decisions."""
import functools
import http.client
import http.server
import json
import os
import threading
import time


class _Files(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path):
        for prefix, folder in self.server.folders:
            if path.startswith(prefix):
                return os.path.join(folder, os.path.basename(path.partition("?")[0]) or "index.html")
        return os.devnull

    def log_message(self, *_):
        pass


def _serve(handler, **state):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.__dict__.update(state)
    threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.05), daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    return server


def web_server(folders):
    """Files of several folders by the beginning of the path; the first that fits counts."""
    return _serve(_Files, folders=folders)


class _Hiccups(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        what = "answer"
        if self.command == "POST" and self.path != "/v1/decide":  # whoever asks for a decision does not ask again
            with self.server.lock:
                what = self.server.plan.pop(0) if self.server.plan else what
                self.server.seen.append((what, dict(self.headers), body))
        if what in ("answer", "no answer"):
            c = http.client.HTTPConnection("127.0.0.1", self.server.to, timeout=15)
            c.request(self.command, self.path, body, dict(self.headers))
            r = c.getresponse()
            status, headers, answer = r.status, r.getheaders(), r.read()
            c.close()
        else:  # a page may read it, as it may read the service's own
            status, headers, answer = what, [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "Retry-After"), ("Content-Length", "0")], b""
        if what in ("hang up", "no answer"):
            self.close_connection = True
            return
        self.send_response_only(status)
        for name, value in headers + ([("Retry-After", "1")] if what == 429 else []):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_OPTIONS = do_POST

    def log_message(self, *_):
        pass


def hiccups(port, plan):
    """Goes on to a service on `port`. Until the plan is used up a request meets what it says: a status, "hang up" (nothing reaches the service) or "no answer" (only the answer is lost)."""
    return _serve(_Hiccups, to=port, plan=list(plan), seen=[], lock=threading.Lock())


class Listener(threading.Thread):
    """All decisions, as /v1/decisions/stream tells them, each with the time at which it came. Goes on where it broke off."""

    def __init__(self, port, key):
        super().__init__(daemon=True)
        self.port, self.key, self.last, self.heard, self.more, self.ended = port, key, None, [], threading.Condition(), False
        self.connected = threading.Event()
        self.start()

    def run(self):
        while not self.ended:
            try:
                self._listen()
            except (OSError, http.client.HTTPException, AttributeError):  # AttributeError: http.client, of a stream that ends within a chunk
                pass
            self.connected.clear()
            time.sleep(0.05)

    def _listen(self):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        c.request("GET", "/v1/decisions/stream", headers={"Authorization": f"Bearer {self.key}", **({"Last-Event-ID": self.last} if self.last else {})})
        r = c.getresponse()
        if r.status != 200:
            raise OSError(f"the stream is answered with {r.status}")
        self.connected.set()
        number = None
        for line in r:
            word, _, rest = line.decode().rstrip("\r\n").partition(": ")
            if word == "id":
                number = rest
            elif word == "data":
                with self.more:
                    self.heard.append((time.time(), json.loads(rest)))
                    self.last = number
                    self.more.notify_all()

    def having(self, visitor=None, name=None):
        """Those of a visitor whose first action has this name."""
        return [(t, d) for t, d in list(self.heard) if visitor in (None, d["visitor"]) and name in (None, d["actions"][0]["name"])]

    def wait(self, count, visitor=None, name=None, wait=30):
        until = time.monotonic() + wait
        with self.more:
            while len(found := self.having(visitor, name)) < count:
                if not self.more.wait(until - time.monotonic()):
                    raise RuntimeError(f"{len(found)} of {count} decisions came, visitor {visitor}, {name}")
        return found
