#!/usr/bin/env python3
"""Writes the bundled events of the ferry pack: events.ndjson and gate.csv. All of it is made up.

  make_events.py            writes both files anew
  make_events.py --check    exit 1 if the files are not what this script makes

The same bytes on every machine: its own random numbers from a fixed seed, no clock, integers only.
"""
import pathlib
import sys

VISITORS = 1500
DAYS = 35
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1780261200000  # 2026-06-01 00:00 in Helsinki (summer time, UTC+3), in milliseconds
OFFSET = 3 * HOUR
END = START + DAYS * DAY

SHIPS = [("MS Saimaa", 17, 11), ("MS Kemijoki", 8, 2), ("MS Vuoksi", 13, 3), ("MS Oulujoki", 21, 10)]  # name, leaves at, hours
CABINS = ["deck", "inside", "sea_view", "suite"]
ITEMS = ["Deck ticket", "Inside cabin", "Sea view cabin", "Suite", "Breakfast", "Car place", "Weekend to Visby"]
FIRST = ["aino", "eero", "helmi", "ilmari", "kaisa", "lauri", "maija", "niilo", "oona", "pekka", "riikka", "sampo", "tuuli", "ville"]


class Random:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return z ^ (z >> 31)

    def below(self, n):
        return self.next() % n

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def chance(self, percent):
        return self.below(100) < percent

    def pick(self, things):
        return things[self.below(len(things))]


def instant(at, blank="T", offset="+03:00"):
    days, of_day = divmod(at + OFFSET, DAY)
    # Days since 1970 to a civil date, by eras of 400 years.
    z = days + 719468
    era, doe = divmod(z, 146097)
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    day, month = doy - (153 * mp + 2) // 5 + 1, mp + 3 if mp < 10 else mp - 9
    year = yoe + era * 400 + (month <= 2)
    h, m, s = of_day // HOUR, of_day // MINUTE % 60, of_day // 1000 % 60
    fraction = f".{of_day % 1000:03d}" if offset else ""
    return f"{year:04d}-{month:02d}-{day:02d}{blank}{h:02d}:{m:02d}:{s:02d}{fraction}{offset}"


def text(value):
    return '"' + value + '"'  # nothing here needs an escape


def money(cents):
    return f"{cents // 100}.{cents % 100:02d}"


class Sailing:
    def __init__(self, random, ship, day):
        self.ship, hour, self.hours = ship
        self.leaves = START + day * DAY + hour * HOUR
        self.change, self.delay = None, None
        luck = random.below(100)
        if luck < 6:
            self.change = "cancelled"
        elif luck < 16:
            self.change, self.delay = "delayed", random.between(2, 40) * 6
        self.told = self.leaves - random.between(2, 9) * HOUR - random.below(HOUR)


class Visitor:
    def __init__(self, number, random, log):
        self.name = f"v{number:04d}"
        self.random, self.log = random, log
        self.frequent = random.chance(7)
        self.buys = random.between(1, 3) if self.frequent else random.chance(38)

    def record(self, at, event, **fields):
        self.log.append((at, self.name, event, fields))

    def ask(self, at, *slots):
        """A page or a screen of the app is drawn, and asks what to show in its slots."""
        self.log.append((at, self.name, None, slots))

    def view(self, at, path, topic):
        self.record(at, "page_viewed", path=text(path), topic=text(topic))
        slots = {"home": ["web.hero"], "help": ["web.sidebar"]}.get(topic, ["web.hero", "web.sidebar"])
        self.ask(at + 100 + len(path) * 7, *slots)  # it takes a moment to draw a page

    def arrive(self, at):
        r, attributes = self.random, {}
        if r.chance(64):
            attributes["consent.marketing"] = "true"
        elif r.chance(40):
            attributes["consent.marketing"] = "false"
        if r.chance(85):
            attributes["contact.email"] = text(f"{r.pick(FIRST)}.{self.name}@mail.example")
        if r.chance(60):
            attributes["contact.phone"] = text(f"+358 40 000 {r.below(10000):04d}")
        if self.frequent or r.chance(15):
            attributes["customer.tier"] = text(r.pick(["blue", "blue", "gold"]))
            attributes["customer.points"] = str(r.below(4000))
        if attributes:
            self.log.append((at, self.name, "visitor updated", attributes))

    def browse(self, at):
        """One visit of the web shop: where it ends, and what was in the cart (cents) if anything was."""
        r = self.random
        for _ in range(r.between(1, 6)):
            kind = r.below(100)
            if kind < 35:
                self.view(at, f"/routes/{r.pick(['tallinn', 'visby', 'aland', 'stockholm'])}", "routes")
            elif kind < 52:
                for _ in range(r.between(1, 3)):
                    self.view(at, f"/cruises/{r.pick(['tallinn', 'visby', 'midsummer'])}", "cruises")
                    at += r.between(30_000, 6 * MINUTE)
            elif kind < 68:
                path = f"/offers/week-{r.between(23, 28)}" if r.chance(60) else "/offers"
                self.view(at, path, "offers")
            elif kind < 78:
                self.view(at, f"/help/{r.pick(['pets', 'cars', 'refunds', 'children'])}", "help")
            else:
                self.view(at, "/", "home")
            stays = r.between(10_000, 7 * MINUTE)
            if 68 <= kind < 78 and stays > 5 * MINUTE + 5000:  # help pages draw their sidebar anew every five minutes
                self.ask(at + 5 * MINUTE + 5000, "web.sidebar")
            at += stays
        if not r.chance(45):
            return at, 0
        value = 0
        for items in range(1, r.between(1, 3) + 1):
            value += r.between(1200, 14000)
            fields = {"items": str(items), "value": money(value)}
            if r.chance(80):
                fields["top_item"] = text(r.pick(ITEMS))
            self.record(at, "cart_updated", **fields)
            at += r.between(20_000, 9 * MINUTE)
        return at, value

    def order(self, at, value, sailings):
        r = self.random
        ahead = [s for s in sailings if at + 12 * HOUR < s.leaves < at + 20 * DAY]
        if not ahead:
            return
        sailing = r.pick(ahead)
        travellers = r.pick([1, 1, 2, 2, 2, 3, 4, 5])
        fields = {"total": money(value), "travellers": str(travellers), "ahead": text(f"{(sailing.leaves - at) // HOUR} hours")}
        if r.chance(5):  # an open ticket
            del fields["ahead"]
        self.record(at, "order_placed", **fields)
        if r.chance(6):
            self.record(at + r.between(1, 9) * HOUR, "order_cancelled", refund=money(value))
            return
        if sailing.change and sailing.told > at:
            fields = {"ship": text(sailing.ship), "change": text(sailing.change), "fare": money(value)}
            if sailing.delay:
                fields["delay"] = text(f"{sailing.delay} minutes")
            self.record(sailing.told, "sailing_changed", **fields)
            if r.chance(30):
                self.call(sailing.told + r.between(10, 300) * MINUTE)
            if sailing.change == "cancelled":
                if r.chance(55):
                    again = sailing.told + r.between(20, 500) * MINUTE
                    self.record(again, "rebooked", leaves=text(instant(sailing.leaves + DAY)[:10]))
                return
        self.aboard(sailing, sailing.leaves + (sailing.delay or 0) * MINUTE)

    def aboard(self, sailing, leaves):
        r = self.random
        at = leaves - r.between(25, 90) * MINUTE - r.below(MINUTE)
        cabin = r.pick(CABINS[:2] if sailing.hours < 8 else CABINS)
        self.record(at, "gate_passed", ship=text(sailing.ship), cabin=text(cabin), crossing=text(f"{sailing.hours} hours"))
        end = leaves + sailing.hours * HOUR
        app = r.chance(70)  # has the app, and looks at it: first in the cabin, then on deck
        if app:
            self.ask(at + r.between(4, 120) * MINUTE, "app.home")
            for _ in range(r.below(4)):
                seen = at + r.between(30, 60 * sailing.hours) * MINUTE
                if seen < end:
                    self.ask(seen, *r.pick([["app.deck"], ["app.deck"], ["app.home", "app.deck"]]))
        at += r.between(20, 120) * MINUTE
        while at < end and r.chance(62):
            self.record(at, "purchase_on_board", total=money(r.between(350, 6800)), place=text(r.pick(["shop", "shop", "restaurant", "bar", "spa"])))
            if app and r.chance(50):
                self.ask(at + r.between(1, 30) * MINUTE, "app.deck")
            at += r.between(8, 130) * MINUTE

    def call(self, at):
        r = self.random
        for _ in range(r.pick([1, 1, 1, 2, 3])):
            fields = {"queue": text(r.pick(["customer_care", "customer_care", "sales", "groups"])), "lasted": text(f"{r.between(1, 40)} minutes")}
            if r.chance(75):
                fields["solved"] = "true" if r.chance(70) else "false"
            self.record(at, "call_ended", **fields)
            at += r.between(2, 70) * HOUR

    def live(self, sailings):
        r = self.random
        at = START + r.below(28 * DAY)
        self.arrive(at)
        at += 1000
        for _ in range(r.between(1, 2) + self.buys):
            at, value = self.browse(at)
            if value:
                wish = r.below(100)
                if wish < 30 + 30 * self.frequent:
                    self.order(at + r.between(1, 20) * MINUTE, value, sailings)
                elif wish < 40:
                    self.record(at + r.between(1, 50) * MINUTE, "cart_emptied")
                elif wish < 58:  # after the reminder, perhaps because of it
                    self.order(at + r.between(40, 900) * MINUTE, value, sailings)
            if r.chance(6):
                self.call(at + r.between(5, 900) * MINUTE)
            if r.chance(20):
                self.record(at + r.between(1, 30) * HOUR, "email_opened", mail=text("newsletter"))
            at += r.between(6 * HOUR, 8 * DAY)


def ndjson(random):
    sailings = [Sailing(random, ship, day) for day in range(DAYS + 1) for ship in SHIPS]
    log = []
    for number in range(1, VISITORS + 1):
        Visitor(number, Random(random.next()), log).live(sailings)
    kept = [entry for entry in log if entry[0] < END]
    kept.sort(key=lambda entry: entry[0])  # stable: what was written first stays first
    lines, waiting = [], []
    for number, (at, visitor, event, values) in enumerate(kept, 1):
        head = f'{{"visitor":"{visitor}","at":"{instant(at)}"'
        if event is None:
            lines.append(f'{head},"asked_for":[{",".join(text(slot) for slot in values)}],"id":"e{number:06d}"}}')
            continue
        inside = ",".join(f'"{name}":{value}' for name, value in values.items())
        lines.append(f'{head},"event":"{event}","id":"e{number:06d}","fields":{{{inside}}}}}')
        # A queue in front delivers at least once: now and then a record comes a second time, right behind itself.
        if event != "visitor updated" and random.below(1000) < 2:
            lines.append(lines[-1])
    return "\n".join(lines) + "\n"


def gate(random):
    rows = []
    for number in range(1, 121):
        name, hour, hours = random.pick(SHIPS)
        at = START + random.below(7) * DAY + hour * HOUR - random.between(20, 95) * MINUTE - random.below(60) * 1000
        card = random.pick(["none", "none", "blue", "gold"])
        customer = f"{random.between(1, 90):03d}"
        rows.append((at, customer, random.pick(["WALK", "WALK", "CAR"]), name, random.pick("DISL"), f"{hours} hours", card, ""))
        if random.chance(65):  # later, at a screen on deck
            rows.append((at + random.between(300, 9000) * 1000, customer, "", name, "", "", card, "app.home"))
        if hours >= 8 and random.chance(50):
            rows.append((at + random.between(5400, 18000) * 1000, customer, "", name, "", "", card, random.pick(["app.deck", "app.home;app.deck"])))
    rows.sort(key=lambda row: row[0])
    lines = ["scan,passed_at,customer,lane,vessel,class,crossing,card,screen"]
    for number, (at, customer, lane, name, cabin, crossing, card, screen) in enumerate(rows, 1):
        lines.append(f"G{number:04d},{instant(at, ' ', '')},g{customer},{lane},{name},{cabin},{crossing},{card},{screen}")
    return "\n".join(lines) + "\n"


def main():
    here = pathlib.Path(__file__).resolve().parent
    random = Random(20260601)
    made = {"events.ndjson": ndjson(random), "gate.csv": gate(random)}
    if sys.argv[1:] == ["--check"]:
        wrong = [name for name, content in made.items() if (here / name).read_bytes() != content.encode()]
        for name in wrong:
            print(f"{name} is not what make_events.py makes")
        return 1 if wrong else 0
    for name, content in made.items():
        (here / name).write_bytes(content.encode())
        print(f"{name}: {content.count(chr(10))} lines, {len(content)} bytes")
    return 0


sys.exit(main())
