"""Wrong rule files: each must give one clear error, and never a crash, a hang or silence."""
from harness import Pack, RULES, expect, one_error, polku


def wrong(text, *fault, **more):
    with Pack(text) as pack:
        one_error(pack, "a.polku", *fault, **more)


def rule(clauses):
    return 'journey "J"\n  rule r\n' + "".join(f"    {line}\n" for line in clauses.splitlines()) + "end\n"


TEASE = 'do show "teaser" in web.hero'


def test_unknown_event():
    wrong(rule(f"when crat\n{TEASE}"), "PK2001", 3, "crat", "There is no event `crat`", help="Did you mean `cart`?")


def test_unknown_event_far_from_all():
    wrong(rule(f"when sunrise\n{TEASE}"), "PK2001", 3, "sunrise", help="Declare it under `events`")


def test_unknown_field():
    wrong(rule(f"when cart where itms more than 1\n{TEASE}"), "PK2003", 3, "itms", help="Did you mean `items`?")


def test_unknown_value():
    wrong(rule(f"when cart\nonly if tier is glod\n{TEASE}"), "PK2004", 4, "glod", "none, gold", help="Did you mean `gold`?")


def test_wrong_unit():
    wrong(rule(f"when cart\nthen wait 7 minuets\n{TEASE}"), "PK1125", 4, "minuets", help="Did you mean `minutes`?")


def test_no_unit():
    wrong(rule(f"when cart\nthen wait 7\n{TEASE}"), "PK1124", 4, "7", help="Write `7 minutes`")


def test_missing_when():
    wrong(rule(TEASE), "PK2201", 2, "rule r", help="`when order_placed`")


def test_missing_do():
    wrong(rule("when cart"), "PK2202", 2, "rule r", help='`do send "welcome" by email`')


def test_missing_end():
    wrong(rule(f"when cart\n{TEASE}")[:-4], "PK1110", 4, "hero", "The journey `J` that begins in line 1", help="Write `end`")


def test_unclosed_text():
    wrong(rule('when cart\ndo show "teaser in web.hero'), "PK1102", 4, '"teaser in web.hero', help='Close it with "')


def test_hundred_thousand_brackets():
    deep = "(" * 100_000 + "age is 1" + ")" * 100_000
    wrong(rule(f"when cart\nonly if {deep}\n{TEASE}"), "PK1150", 4, "(", help="into a segment")


def test_hundred_thousand_open_brackets():
    wrong(rule(f"when cart\nonly if {'(' * 100_000}\n{TEASE}"), "PK1150", 4, "(", help="into a segment")


def test_fifty_thousand_ands():
    wrong(rule("when cart\nonly if age is 1" + "\n and age is 1" * 50_000 + f"\n{TEASE}"), "PK1151", 2005, "and", help="`is one of […]`")


def test_long_line():
    long = "tier is gold " + "and tier is gold " * 800
    wrong(rule(f'when cart\nonly if {long} and teir is "x" and {long}\n{TEASE}'), "PK2002", 4, "teir", help="Did you mean `tier`?")


def test_fifty_megabytes():
    with Pack(RULES + "# " + "x" * (50 << 20) + "\n") as pack:
        one_error(pack, "a.polku", "PK1001", 1, "j", "too large", help="several files")


def test_invalid_utf8():
    wrong(rule(f"when cart\n{TEASE}").encode() + b"# caf\xe9\n", "PK1002", 6, "\ufffd", help="UTF-8")


def test_nul_byte():
    wrong(rule(f"when cart\n{TEASE}").encode() + b"# \0\n", "PK1003", 6, "\ufffd", "control character", help="Delete it")


def test_utf16():
    wrong(RULES.encode("utf-16"), "PK1002", 1, "\ufffd", help="UTF-8")


def test_table_row_over_lines():
    table = 'do choose\n| tier | do |\n| gold | show "teaser"\n  in web.hero |'
    wrong(rule(f"when cart\n{table}"), "PK1126", 6, '"teaser"', help="one line")


def test_duplicate_rule():
    text = f'journey "J"\n  rule r\n    when cart\n    {TEASE}\n  rule r\n    when order\n    {TEASE}\nend\n'
    wrong(text, "PK2013", 5, "r", help="another name")


def test_duplicate_journey_in_another_file():
    with Pack({"a.polku": RULES, "b.polku": RULES}) as pack:
        one_error(pack, "b.polku", "PK2013", 1, '"Teasers"', help="another name")


def test_cycle():
    text = 'journey "J"\n  rule a\n    when b sent\n    do raise task "later"\n  rule b\n    when a sent\n    do raise task "later"\nend\n'
    wrong(text, "PK2302", 3, "when b sent", "`a` after `b` after `a`", help="`then wait 1 day`")


def test_window_longer_than_history():
    wrong(rule(f"when cart\nnot if order happened in the last 31 days\n{TEASE}"), "PK2301", 4, "in the last 31 days", "30 days", help="`history`")


def test_delay_longer_than_history():
    wrong(rule(f"when cart\nthen wait 5 weeks\n{TEASE}"), "PK2301", 4, "5 weeks", "30 days", help="`history`")


def test_unknown_template():
    wrong(rule('when cart\ndo show "teasr" in web.hero'), "PK2008", 4, '"teasr"', help="Did you mean `teaser`?")


def test_unknown_channel():
    wrong(rule('when cart\ndo send "reminder" by emial with items = 1'), "PK2009", 4, "emial", help="Did you mean `email`?")


def test_unknown_slot():
    wrong(rule('when cart\ndo show "teaser" in web.heros'), "PK2010", 4, "web.heros", help="Did you mean `hero`?")


def test_unknown_parameter():
    wrong(rule(f"when cart\n{TEASE} with note = cart.note, noet = cart.note"), "PK2011", 4, "noet", help="Did you mean `note`?")


def test_missing_parameter():
    wrong(rule('when cart\ndo send "reminder" by email'), "PK2203", 4, 'send "reminder" by email', "needs `items`", help="with items")


def test_text_and_number():
    wrong(rule(f'when cart where items is "two"\n{TEASE}'), "PK2101", 3, 'items is "two"', "whole number", help="one kind")


def test_other_currency():
    wrong(rule(f"when cart where value more than 5 USD\n{TEASE}"), "PK2105", 3, "5 USD", help="EUR")


def test_hard_word_as_name():
    wrong(f'journey "J"\n  rule limit\n    when cart\n    {TEASE}\nend\n', "PK1123", 2, "limit", help="`` `limit` ``")


def test_asked_for_one_slot_and_shown_in_another():
    wrong(rule(f"when asked for web.side\n{TEASE}"), "PK2215", 4, "web.hero", help="Write `in web.side`.")


def test_asked_for_a_slot_that_is_not_there():
    wrong(rule(f"when asked for web.her\n{TEASE}"), "PK2010", 3, "web.her", help="Did you mean `hero`?")


def test_goal_longer_than_history():
    wrong(f'journey "J"\n  goal order within 31 days\n  rule r\n    when cart\n    {TEASE}\nend\n', "PK2301", 2, "31 days", "30 days", help="`history`")


def test_several_that_are_one():
    wrong(rule(f"when 1 cart within 1 hour\n{TEASE}"), "PK2212", 3, "1", help="Write `when cart`.")
    wrong(rule(f"when in order within 1 hour: cart\n{TEASE}"), "PK2213", 3, "when in order within 1 hour: cart", help="Write `when cart`.")


def test_no_such_time_of_day():
    wrong(rule(f"when every day at 25:00 visitor time\n{TEASE}"), "PK1134", 3, "25:00", help="`23:59`")


def test_unknown_task():
    wrong(rule('when cart\ndo raise task "latter"'), "PK2019", 4, '"latter"', help="Did you mean `later`?")


def test_nothing_to_suppress():
    wrong(rule('when cart\ndo suppress "K" for 2 days'), "PK2020", 4, '"K"', help="journey")


def test_limit_of_another_kind():
    wrong(rule(f"when cart\nlimit 2 messages in 1 day\n{TEASE}"), "PK2208", 4, "limit 2 messages in 1 day", help="shows")


def test_hold_out_in_a_rule():
    wrong(rule(f"when cart\nhold out 10%\n{TEASE}"), "PK1116", 4, "hold", help="above the first rule")


def test_channel_of_a_guarantee():
    wrong('guarantee "g"\n  never send by emial unless tier is gold\nend\n' + rule(f"when cart\n{TEASE}"), "PK2009", 2, "emial", help="Did you mean `email`?")


def test_table_with_an_empty_cell():
    wrong(rule('when cart\ndo choose\n| tier | do |\n| gold | raise task "later" |\n| - |  |'), "PK1126", 7, None, "empty", help="`nothing`")


def test_misspelt_word():
    wrong(f'jorney "J"\n  rule r\n    when cart\n    {TEASE}\nend\n', "PK1114", 1, "jorney", help="Did you mean `journey`?")


def test_fine_files():
    for text in (RULES.replace("\n", "\r\n"), "\ufeff" + RULES, RULES.rstrip("\n"), "", "# only a comment", "\n\n \t\n"):
        with Pack(text) as pack:
            done = expect(0, polku("check", pack), "shop: ", stderr=False)
            assert done.err == "", done.err
            assert polku("check", pack, "--format", "json").out == '{"schema":1,"diagnostics":[],"errors":0,"warnings":0}\n'


def test_several_files_in_order_of_names():
    with Pack({"b.polku": rule(f"when crat\n{TEASE}"), "a.polku": rule(f"when odrer\n{TEASE}").replace('"J"', '"I"'), "notes.txt": "rule"}) as pack:
        said = expect(1, polku("check", pack), "Did you mean `order`?", "Did you mean `cart`?", "2 errors, 0 warnings").err
        assert said.index("a.polku:3:10") < said.index("b.polku:3:10")


def test_flood_of_errors_ends():
    with Pack("".join(f"segment s{i} is age at lest {i} end\n" for i in range(5000))) as pack:
        said = expect(1, polku("check", pack), "PK1152")
        assert said.err.count("\nerror[") <= 25 and said.seconds < 60  # a square of the length would take minutes
