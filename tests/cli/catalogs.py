"""Wrong catalogs: one error each, at its place."""
from harness import CATALOG, RULES, Pack, expect, one_error, polku


def wrong(old, new, *fault, **more):
    assert CATALOG.count(old) >= 1
    with Pack(catalog=CATALOG.replace(old, new, 1)) as pack:
        one_error(pack, "catalog.yaml", *fault, **more)


def test_yaml_bracket():
    wrong("channels:\n  email:  { needs: agreed }", "channels:\n  email:  { needs: agreed", "PK4004", 12, None, "never closed", help="Close it with `}`")


def test_yaml_tab():
    wrong("  order:", "\torder:", "PK4004", 5, "    ", "tab", help="blanks")


def test_yaml_not_at_all():
    with Pack(catalog="\x00\x01") as pack:
        one_error(pack, "catalog.yaml", "PK4003", 1, "\ufffd", help="Take it out")


def test_empty():
    with Pack(catalog="") as pack:
        one_error(pack, "catalog.yaml", "PK4008", 1, None, help="`catalog: ferry`")


def test_unknown_key():
    wrong("history:", "histroy:", "PK4012", 2, "histroy", help="Did you mean `history`?")


def test_unknown_key_of_a_channel():
    wrong("{ needs: agreed }", "{ need: agreed }", "PK4012", 11, "need", help="Did you mean `needs`?")


def test_duplicate_key():
    wrong("  order:  { total: money }", "  order:  { total: money }\n  cart:   { total: money }", "PK4013", 6, "cart", "line 4", help="Keep one")


def test_unknown_type():
    wrong("total: money", "total: mony", "PK4105", 5, "mony", help="Did you mean `money`?")


def test_foreign_type():
    wrong("note: text optional", "note: string", "PK4105", 4, "string", help="Say `text`.")


def test_unknown_consent():
    wrong("needs: agreed", "needs: agred", "PK4112", 11, "agred", help="Did you mean `agreed`?")


def test_needs_no_consent():
    wrong("needs: agreed", "needs: age", "PK4114", 11, "age", "no consent", help="`reach`")


def test_not_built():
    wrong("format:  csv", "format:  segments", "PK4201", 21, "segments", "no format", help="Did you mean `segment`?")


def test_unknown_channel():
    wrong("by: [email]", "by: [emial]", "PK4113", 14, "emial", help="Did you mean `email`?")


def test_unknown_event_of_a_source():
    wrong("CART: cart", "CART: crat", "PK4111", 26, "crat", help="Did you mean `cart`?")


def test_hard_word():
    wrong("events:\n", "events:\n  limit:  {}\n", "PK4102", 4, "limit", help="`limit_1`")


def test_not_utf8():
    with Pack(catalog=CATALOG.replace("shop", "caf\xe9", 1).encode("latin-1")) as pack:
        one_error(pack, "catalog.yaml", "PK4002", 1, "\ufffd", help="UTF-8")


def test_larger_than_allowed():
    with Pack(catalog=CATALOG + "# " + "x" * (4 << 20) + "\n") as pack:
        one_error(pack, "catalog.yaml", "PK4001", 1, "c", "4 MiB", help="smaller")


def test_many_aliases():
    bomb = CATALOG + "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for name, of in zip("bcdefgh", "abcdefg"):
        bomb += f"{name}: &{name} [" + ", ".join([f"*{of}"] * 10) + "]\n"
    with Pack(catalog=bomb) as pack:
        one_error(pack, "catalog.yaml", "PK4006", None, None, "a million parts", help="smaller")


def test_rules_are_not_judged_by_half_a_catalog():
    with Pack(RULES.replace("when cart", "when crat"), CATALOG.replace("events:\n", "events:\n  2nd:    {}\n", 1)) as pack:
        one_error(pack, "catalog.yaml", "PK4101", 4, "2nd", help="does not begin with a digit")


def test_windows_line_ends():
    with Pack(catalog=CATALOG.replace("\n", "\r\n")) as pack:
        assert expect(0, polku("check", pack)).err == ""
