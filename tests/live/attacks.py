"""What nobody means well, by seed: bodies of every protocol, broken; requests that are none. For hostile.py."""
import base64
import gzip
import json
import zlib

KEY, ADMIN = "wk_right", "adm_right"


def track(n, **more):
    return {"type": "track", "event": "Order Placed", "userId": f"u{n % 500}", "messageId": f"m{n}", "properties": {"n": n}, **more}


def native(n):
    return {"visitor": f"u{n % 500}", "at": "2026-11-20T10:00:00Z", "event": "order_placed", "id": f"l{n}", "fields": {"n": n}}


def event(n):
    return {"specversion": "1.0", "id": f"c{n}", "source": "/hostile", "type": "order_placed", "subject": f"u{n % 500}", "data": {"n": n}}


def asked(n):
    return {"userId": f"u{n % 500}", "slots": ["web.hero"], "context": {"plan": "x"}, "record": {"event": "cart_updated", "fields": {"n": n, "items": 2}}}


# Protocols: a path, headers, and a body that is right.
def protocol(rnd, n):
    kind = rnd.randrange(9)
    j = lambda value: json.dumps(value).encode()  # noqa: E731
    if kind == 0:
        return "/v1/batch", {}, j({"batch": [track(n), track(n + 1, anonymousId=f"a{n}"), {"type": "identify", "userId": "u1", "traits": {"plan": "gold"}}], "sentAt": "2026-11-23T07:00:00Z", "writeKey": KEY})
    if kind == 1:
        return rnd.choice(["/v1/t", "/v1/track", "/v1/p", "/v1/i", "/v1/a", "/v1/g", "/v1/s"]), {}, j(track(n))
    if kind == 2:  # RudderStack
        return "/v1/batch", {"anonymousid": "cnVkZGVy"}, j({"batch": [{**track(n), "channel": "server", "context": {"library": {"name": "r"}}, "originalTimestamp": "2026-11-23T07:00:00.000Z", "sentAt": "2026-11-23T07:00:01.000Z"}]})
    if kind == 3:  # CloudEvents, binary
        return "/ce", {f"ce-{k}": v for k, v in event(n).items() if k != "data"}, j({"n": n})
    if kind == 4:
        return "/ce", {"content-type": "application/cloudevents+json"}, j(event(n))
    if kind == 5:
        return "/ce", {"content-type": "application/cloudevents-batch+json"}, j([event(n), event(n + 1)])
    if kind == 6:
        return "/v1/events", {}, b"\n".join(j(native(n + i)) for i in range(4))
    if kind == 7:
        return "/v1/decide", {}, j(asked(n))
    return "/v1/decide", {}, j([asked(n), {"userId": "u1", "slot": "web.hero"}, {"userId": "u2", "slot": "web.none"}])


PIECES = [b"{", b"[", b'"', b"}", b"]", b",", b"\\u0000", b"\\ud800", b"\x00", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"null", b"1e999", b"-1e-999", b"9" * 400, b"0x10", b"NaN", b"\xef\xbb\xbf", b"\n", b"\r",
          b"[" * 300, b'{"a":' * 150, b'"userId":null,', b'"userId":"x",', b'"batch":[],', b'"type":"alias","previousId":"u3",', b'"timestamp":"0000-00-00T99:99:99Z",', b'"timestamp":"9999-12-31T23:59:59Z",',
          b'"sentAt":"1970-01-01T00:00:00Z",', b'"timestamp":-9223372036854775808,', b'"messageId":{},', b'"properties":[],', b'"slots":[[]],', b'"at":"2026-11-23T07:00:00Z",', b'"time zone":"\\u0000",']


def mutated(rnd, body):
    body = bytearray(body)
    for _ in range(rnd.choice([0, 1, 1, 2, 3, 8])):
        if not body:
            break
        i, kind = rnd.randrange(len(body)), rnd.randrange(6)
        if kind == 0:
            body[i] = rnd.randrange(256)
        elif kind == 1:
            del body[i:i + rnd.randint(1, 30)]
        elif kind == 2:
            body[i:i] = rnd.choice(PIECES)
        elif kind == 3:
            body += body[:i]
        elif kind == 4:
            del body[i:]
        else:
            body[i:i] = body[i:i + rnd.randint(1, 200)]
    return bytes(body)


def monster(rnd):
    """A body that is large, deep or many."""
    kind = rnd.randrange(13)
    if kind == 0:
        return "/v1/batch", b'{"batch":' + b"[" * 50000 + b"]" * 50000 + b"}"
    if kind == 1:
        return "/v1/batch", b'{"batch":[' + b'{"a":' * 40000 + b"1" + b"}" * 40000 + b"]}"
    if kind == 2:
        return "/v1/t", json.dumps(track(1, userId="u" * rnd.choice([1000, 1025, 100000, 900000]))).encode()
    if kind == 3:
        return "/v1/i", json.dumps({"userId": "u1", "traits": {"plan": "p" * 900000}}).encode()
    if kind == 4:
        return "/v1/i", json.dumps({"userId": "u1", "traits": {f"k{i}": i for i in range(50000)}}).encode()
    if kind == 5:
        return "/v1/batch", b'{"batch":[' + b",".join([b"1"] * 300000) + b"]}"
    if kind == 6:
        return "/v1/events", b"{}\n" * 200000
    if kind == 7:
        return "/v1/decide", json.dumps([{"userId": f"u{i}", "slots": ["web.hero"] * 5} for i in range(rnd.choice([1000, 1001]))]).encode()
    if kind == 8:
        return "/v1/decide", json.dumps({"userId": "u1", "slots": ["web.hero"] * 100000}).encode()
    if kind == 9:
        return "/v1/t", b'{"userId":"u1","event":"Order Placed",' + b'"userId":"u2",' * 50000 + b'"properties":{"n":1}}'
    if kind == 10:
        return "/v1/batch", json.dumps({"batch": [{"type": "alias", "userId": f"al{i}", "previousId": f"al{i + 1}"} for i in range(300)]}).encode()
    if kind == 11:
        return "/v1/decide", json.dumps({"userId": "i" * 5000, "slot": "web.hero"}).encode()
    return "/ce", b'[{"a":"' + b'\\"' * 400000 + b'"}]'


def squeezed(rnd, body):
    """As gzip, or nearly."""
    kind = rnd.randrange(8)
    packed = gzip.compress(body, 1)
    if kind == 0:
        return packed
    if kind == 1:
        return packed[: rnd.randrange(2, len(packed))]
    if kind == 2:
        broken = bytearray(packed)
        broken[rnd.randrange(len(broken))] ^= 1 << rnd.randrange(8)
        return bytes(broken)
    if kind == 3:
        return packed + packed
    if kind == 4:
        return gzip.compress(packed)
    if kind == 5:
        return packed + b"\x00" * 100
    if kind == 6:
        return zlib.compress(body)
    return BOMBS[rnd.randrange(len(BOMBS))]


def bomb(size, piece):
    return gzip.compress(piece * (size // len(piece)), 9)


BOMBS = [bomb(300 << 20, b" " * (1 << 20)), bomb(15 << 20, b"[" * (1 << 20)), bomb(12 << 20, b"{}\n" * (1 << 18)), gzip.compress(b'{"batch":[' + b"0," * (5 << 20) + b"0]}", 9), gzip.compress(bomb(64 << 20, b"\x00" * (1 << 20)))]

PATHS = ["/", "//", "/v1//batch", "/v1/../v1/batch", "/v1/./batch", "/v1/%62atch", "/v1/batch/", "/V1/BATCH", "/v1/batch%00", "/v1/%2e%2e/admin/pack", "/..%2f..%2fetc/passwd", "/%c0%ae%c0%ae/etc/passwd", "/v1/admin", "/v1/admin/",
         "//v1/admin/pack", "/v1/admin/../admin/pack", "/v1/admin/%70ack", "/v1/admin/pack;x", "/v1/admin/letters?limit=-1", "/v1/admin/letters?limit=99999999999999999999", "/v1/admin/letters/replay", "/v1/admin/backup",
         "/v1/projects//settings", "/v1/projects/%ff%fe/settings", "/v1/projects/%00%22%5c/settings", "/v1/projects/" + "k" * 4000 + "/settings", "http://other/healthz", "https://127.0.0.1/v1/admin/pack", "*", "/" + "a" * 8000,
         "/v1/events?source=%ff%fe", "/v1/events?source=" + "s" * 5000, "/v1/batch?writeKey=%", "/v1/batch?" + "&" * 5000, "/v1/decide?a=b#c", "/metrics/..", "/healthz?x", "/\\..\\windows", "/v1/batch\x7f", "/v1/batch?writeKey=wk_wrong"]
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "BREW", "get", "G" * 3000]
WRONG = [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic " + base64.b64encode(b"wk_wron:").decode()}, {"Authorization": "Basic !!!!"}, {"Authorization": "Basic "}, {"Authorization": "Bearer"}, {"Authorization": "Digest x"},
         {"X-Write-Key": "wk_righ"}, {"X-Write-Key": "wk_right2"}, {"X-Write-Key": ""}, {"Authorization": "Bearer " + "k" * 20000}, {"Authorization": "Bearer \xff"}]


def request(method, path, headers, body=b"", length=True, version=b"1.1"):
    out = [b"%s %s HTTP/%s" % (method.encode("latin-1"), path.encode("latin-1"), version), b"Host: x"]
    out += [b"%s: %s" % (k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    if length:
        out.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(out) + b"\r\n\r\n" + body


def chunked(rnd, body):
    pieces, i = [], 0
    while i < len(body):
        n = rnd.randint(1, 300)
        piece = body[i:i + n]
        pieces.append(b"%x%s\r\n%s\r\n" % (len(piece), rnd.choice([b"", b"", b";a=b", b";x=\"y\""]), piece))
        i += n
    return b"".join(pieces) + b"0\r\n\r\n"


def broken_http(rnd, body):
    """Bytes that are no request, or more than one way to read one. Whoever sends them sends nothing behind."""
    post = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nX-Write-Key: wk_right\r\n"
    n = b"%d" % len(body)
    return rnd.choice([
        lambda: post + b"Content-Length: " + n + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(rnd, body),
        lambda: post + b"Transfer-Encoding: chunked\r\nContent-Length: " + n + b"\r\n\r\n" + chunked(rnd, body),
        lambda: post + b"Transfer-Encoding: xchunked\r\nContent-Length: " + n + b"\r\n\r\n" + body,
        lambda: post + b"Transfer-Encoding: gzip\r\n\r\n" + body,
        lambda: post + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + body,
        lambda: post + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(rnd, body),
        lambda: post + b"Transfer-Encoding : chunked\r\n\r\n" + chunked(rnd, body),
        lambda: post.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(rnd, body),
        lambda: post + b"Content-Length: " + n + b"\r\nContent-Length: 3\r\n\r\n" + body,
        lambda: post + b"Content-Length: " + n + b", 3\r\n\r\n" + body,
        lambda: post + b"Content-Length: -" + n + b"\r\n\r\n" + body,
        lambda: post + b"Content-Length: +" + n + b"\r\n\r\n" + body,
        lambda: post + b"Content-Length: 0x10\r\n\r\n" + body,
        lambda: post + b"Content-Length: 18446744073709551616\r\n\r\n" + body,
        lambda: post + b"Content-Length: 9223372036854775807\r\n\r\n" + body,
        lambda: post + b"Content-Length: \r\n\r\n" + body,
        lambda: post + b"Content-Length: 5000000\r\n\r\n" + body,
        lambda: post + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n" + body,
        lambda: post + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + body,
        lambda: post + b"Transfer-Encoding: chunked\r\n\r\n5\r\n" + body + b"\r\n0\r\n\r\n",
        lambda: post + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 300000,
        lambda: post + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"Trailer: " + b"t" * 300000,
        lambda: post + b"".join(b"X-%d: y\r\n" % i for i in range(5000)) + b"\r\n",
        lambda: post + b"X: " + b"y" * 200000 + b"\r\n\r\n",
        lambda: post + b"\r\n".join([b"A:b"] * 20000),
        lambda: b"POST /" + b"u" * 200000 + b" HTTP/1.1\r\n\r\n",
        lambda: b"POST /v1/batch HTTP/1.1\nHost: x\nContent-Length: " + n + b"\n\n" + body,
        lambda: post + b"X: a\r\n b\r\nY: c\x00d\r\n\r\n",
        lambda: post + b": no name\r\n\r\n",
        lambda: post + b"no colon\r\n\r\n",
        lambda: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(rnd.randrange(256) for _ in range(200)),  # a browser that speaks TLS
        lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        lambda: b"GET /healthz HTTP/9.9\r\n\r\n",
        lambda: b"GET  /healthz  HTTP/1.1\r\n\r\n",
        lambda: b"GET /healthz\r\n\r\n",
        lambda: b"\x00" * 1000,
        lambda: bytes(rnd.randrange(256) for _ in range(rnd.randint(1, 2000))),
        lambda: b"\r\n" * 30000,
        lambda: body,
    ])()
