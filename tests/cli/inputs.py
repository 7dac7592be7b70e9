"""Event files that are not as they should be: what cannot be read is counted by kind, with the first line, and the rest goes on."""
import json

from harness import Pack, expect, polku

GOOD = """\
who,when,what,number,count,amount,words,card
v1,2026-03-02T10:00,CART,1,2,5.00,blue,gold
v1,2026-03-02T10:40,ORDER,2,,5.00,,
"""
BAD = """\
v1,2026-03-02T10:41,CART,3,2
v1,2026-03-02T10:42,CART,4,2
v1,2026-03-02T10:43,CART,5,2,5.00,blue,gold,more
v1,2026-13-02T10:44,CART,6,2,5.00,blue,gold
v1,,CART,7,2,5.00,blue,gold
v1,2026-03-02T10:46,CRAT,8,2,5.00,blue,gold
,2026-03-02T10:47,CART,9,2,5.00,blue,gold
v1,2026-03-02T10:48,CART,10,two,5.005,blue,golden
v1,2026-03-02T10:49,CART,11,2,"5.00,blue,gold
v1,2026-03-02T10:50,CART,1,3,5.00,red,gold
v1,2026-03-02T10:51,CART,12,3,5.00,red,gold
"""
REPORT = ("of 13 records read, 5 were taken in; faults:",
          "2 short_row: rows with fewer fields than the header; the first in line 4: v1,2026-03-02T10:41,CART,3,2\n",
          "1 long_row: rows with more fields than the header; the first in line 6: ",
          "1 bad_quote: ", "; the first in line 12: ",
          "1 no_visitor: records without a visitor; the first in line 10: ",
          "2 bad_time: records whose time is missing or cannot be read; the first in line 7: 2026-13-02T10:44\n",
          "1 unknown_event: records of an event that the catalog does not know; the first in line 9: CRAT\n",
          "3 bad_value: values of the wrong type, taken as missing; the first in line 11: tier: golden\n",
          "1 records came twice under one id")


def run(pack, text, *more, name="log.csv"):
    return polku("run", pack, "--events", pack.write(name, text), *more)


def test_faulty_rows_are_counted_and_the_rest_goes_on():
    with Pack() as pack:
        done = expect(0, run(pack, GOOD + BAD), *REPORT)
        assert [(d["at"][11:16], d["rule"]) for d in done.decisions()] == [("10:00", "tease"), ("10:30", "later"), ("10:51", "tease")], done.out


def test_faulty_rows_with_strict_input():
    with Pack() as pack:
        strict = expect(1, run(pack, GOOD + BAD, "--strict-input"), *REPORT, "--strict-input")
        assert strict.out == run(pack, GOOD + BAD).out
        expect(0, run(pack, GOOD, "--strict-input"))


def test_missing_column():
    with Pack() as pack:
        text = "".join(",".join(line.split(",")[:6]) + "\n" for line in GOOD.splitlines())
        done = expect(0, run(pack, text), "2 missing_column: columns that the source names but the header lacks; the first in line 1: card\n")
        assert len(done.decisions()) == 2
        expect(1, run(pack, text, "--strict-input"), "missing_column")


def test_missing_required_column():
    with Pack() as pack:
        for column in ("who", "when", "what"):
            done = expect(2, run(pack, GOOD.replace(column, column + "x", 1), "--out", pack.path + "/out.ndjson"), f"no column `{column}`", f"`{column}x`")
            assert done.out == "" and not pack.has("out.ndjson")


def test_broken_ndjson():
    lines = ['{"visitor": "v1", "at": "2026-03-02T10:00", "event": "cart", "fields": {"items": 1}}', "{", "[1, 2]", "not json", '{"visitor": "v1", "at": 1e400, "event": "cart"}',
             '{"visitor": "v1", "at": "2026-03-02T10:01", "event": "cart", "fields": {"items": 2, "colour": "red", "note": {"a": 1}}}', "", '{"visitor": ["v1"]}',
             '{"visitor": "v1", "at": "2026-03-02T10:02", "event": "cart", "fields": {"items": 3}} {}', '{"visitor": "v1", "at": "2026-03-02T10:03", "event": "order"']
    with Pack() as pack:
        done = expect(0, run(pack, "\n".join(lines)), "5 bad_json: lines that are not a JSON object; the first in line 2: {\n", "1 bad_time", "1 no_visitor",
                      "1 unknown_field: fields that the catalog does not declare, left out; the first in line 6: colour: red", "1 bad_value", "of 9 records read, 2 were taken in")
        assert len(done.decisions()) == 2


def test_bytes_that_are_no_text():
    row = b"v1,2026-03-02T10:41,CART,\xff,2,5.00,caf\xe9,gold\nv\xe9,2026-03-02T10:42,CART,4,2,5.00,x,gold\nv1,2026-03-02T10:43,CART,5,2,5.00,a\0b,gold\n"
    with Pack() as pack:
        done = expect(0, run(pack, GOOD.encode() + row), "1 bad_text", "the first in line 5: v\ufffd", "1 bad_value", "in line 4: note: caf\ufffd")
        assert done.decisions()[-1]["actions"][0]["params"] == {"note": "a\0b"}
        expect(2, run(pack, GOOD.encode("utf-16")), "UTF-16")


def test_a_very_long_record():
    with Pack() as pack:
        for name, before, after in (("a.csv", "v1,2026-03-02T10:41,CART,3,2,5.00,", ",gold\n"), ("a.ndjson", '{"visitor": "v1", "at": "2026-03-02T10:41", "event": "cart", "fields": {"note": "', '"}}\n')):
            log = (GOOD if name == "a.csv" else "") + before + "x" * (3 << 20) + after
            expect(0, run(pack, log, name=name), "1 too_long: records longer than 1 MiB")


def test_empty_inputs():
    with Pack() as pack:
        for text in ("", "\n\n"):
            assert expect(0, run(pack, text), "0 events of 0 visitors").out == ""
        assert expect(0, run(pack, GOOD.splitlines()[0] + "\n"), "0 events of 0 visitors").out == ""
        assert expect(0, polku("run", pack, "--events", "-"), "0 events of 0 visitors").out == ""
        expect(2, run(pack, "", "--source", "shop"), "The input is empty")


def test_pipe():
    native = '{"visitor": "v1", "at": "2026-03-02T10:00", "event": "cart", "fields": {"items": 2}}\n'
    with Pack() as pack:
        assert len(expect(0, polku("run", pack, "--events", "-", stdin=native)).decisions()) == 1
        assert len(expect(0, polku("run", pack, "--events", "-", "--source", "shop", stdin=GOOD)).decisions()) == 2
        assert len(expect(0, polku("run", pack, "--events", "-", "--source", "native", stdin="visitor,at,event,items\nv1,2026-03-02,cart,1\n")).decisions()) == 1


def test_quotes_and_line_ends():
    row = 'v1,2026-03-02T10:41,CART,3,2,5.00,"red, ""dark""\nand heavy",gold\n'
    with Pack() as pack:
        unix = expect(0, run(pack, GOOD + row))
        assert unix.decisions()[-1]["actions"][0]["params"] == {"note": 'red, "dark"\nand heavy'}
        windows = expect(0, run(pack, "\ufeff" + GOOD.replace("\n", "\r\n") + row.replace("gold\n", "gold\r\n")))
        assert windows.out == unix.out


def test_files_that_are_not_there():
    with Pack() as pack:
        expect(2, polku("run", pack, "--events", pack.path + "/nothing.csv"), "nothing.csv")
        expect(2, polku("run", pack, "--events", pack.path), pack.path)
        expect(2, polku("explain", pack, "--events", pack.path + "/nothing.csv", "--visitor", "v1"), "nothing.csv")


def test_misspelt_source():
    with Pack() as pack:
        expect(2, run(pack, GOOD, "--source", "shopp"), "no source `shopp`", "Did you mean `shop`?")
        expect(2, polku("explain", pack, "--events", pack.path + "/log.csv", "--visitor", "v1", "--source", "nativ"), "Did you mean `native`?")


def test_decisions_are_json():
    with Pack() as pack:
        visitor = 'v"1\\\té'
        native = json.dumps({"visitor": visitor, "at": "2026-03-02T10:00", "event": "cart", "fields": {"items": 2, "note": "\u0001\u2028"}}) + "\n"
        (one,) = expect(0, run(pack, native)).decisions()
        assert one["visitor"] == visitor and one["actions"][0]["params"]["note"] == "\u0001\u2028"
