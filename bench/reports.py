"""Invented reports about one invented app, as many as a bench wants, the same ones every time.

An issue is a part of the app, a symptom, a circumstance and a few details, sometimes with an error code. Issues differ much in
how often they are reported; a few reports are about nothing that anyone else met. A report words its issue anew each
time, with a device, versions, a greeting, what was tried, now and then a typing error; about 450 characters.
"""
import json
import random
from itertools import accumulate

PARTS = [
    ("invoice export", "the exported invoice", "Billing"), ("recurring invoices", "a recurring invoice", "Billing"),
    ("the tax report", "the yearly tax report", "Billing"), ("payment reminders", "a reminder mail", "Billing"),
    ("the card form", "our card number", "Billing"), ("refunds", "a refund of last week", "Billing"),
    ("calendar sync", "the shared calendar", "Calendar"), ("the week view", "Thursday's meetings", "Calendar"),
    ("meeting invitations", "an invitation with guests", "Calendar"), ("holidays", "the regional holidays", "Calendar"),
    ("time zones", "an event abroad", "Calendar"), ("room booking", "the small meeting room", "Calendar"),
    ("the file uploader", "a scanned contract", "Files"), ("the preview pane", "a large spreadsheet", "Files"),
    ("shared folders", "the folder of our accountant", "Files"), ("version history", "yesterday's draft", "Files"),
    ("offline files", "files for the train ride", "Files"), ("the trash", "a deleted folder", "Files"),
    ("comments", "a thread with my colleagues", "Chat"), ("mentions", "a mention from my boss", "Chat"),
    ("voice notes", "a voice note of two minutes", "Chat"), ("emoji reactions", "a thumbs up", "Chat"),
    ("push notifications", "the badge on the icon", "Chat"), ("the message search", "an old conversation", "Chat"),
    ("the login screen", "my work account", "Account"), ("two-factor codes", "the six digit code", "Account"),
    ("password reset", "the reset mail", "Account"), ("profile pictures", "my portrait photo", "Account"),
    ("single sign-on", "our company directory", "Account"), ("the language setting", "the Dutch interface", "Account"),
    ("the dashboard", "the revenue tile", "Reports"), ("pie charts", "the chart by customer", "Reports"),
    ("scheduled reports", "the Monday report", "Reports"), ("CSV downloads", "a table with umlauts", "Reports"),
    ("pivot tables", "a table over three years", "Reports"), ("date filters", "the last quarter", "Reports"),
    ("the timer", "a running timer", "Time"), ("time sheets", "the sheet of March", "Time"),
    ("overtime", "my overtime balance", "Time"), ("the stopwatch widget", "the widget on the home screen", "Time"),
    ("project templates", "our onboarding template", "Projects"), ("task dependencies", "a blocked task", "Projects"),
    ("the kanban board", "a column with forty cards", "Projects"), ("due dates", "tasks due tomorrow", "Projects"),
    ("subtasks", "a list of subtasks", "Projects"), ("the gantt chart", "milestones of a release", "Projects"),
    ("dark mode", "text fields", "Look"), ("font sizes", "the larger font", "Look"),
    ("keyboard shortcuts", "control and enter", "Look"), ("the side bar", "pinned entries", "Look"),
    ("printing", "the printed page", "Look"), ("the onboarding tour", "the third hint", "Look"),
    ("the barcode scanner", "labels of our stock", "Stock"), ("stock counts", "the count of the warehouse", "Stock"),
    ("suppliers", "an address of a supplier", "Stock"), ("purchase orders", "an open purchase order", "Stock"),
    ("webhooks", "our own endpoint", "API"), ("API tokens", "a token for the shop", "API"),
    ("the import wizard", "a file from the old system", "API"), ("rate limits", "the nightly job", "API"),
]
SYMPTOMS = [
    ["{p} crashes", "the app closes itself when I open {p}", "{p} brings me back to the home screen at once", "instant crash in {p}"],
    ["{p} hangs", "{p} shows a spinner forever", "nothing loads in {p}, it just turns and turns", "{p} never finishes loading"],
    ["{p} shows a blank page", "all white in {p}", "{p} is empty, no text, no buttons", "I only see an empty screen in {p}"],
    ["{p} loses what I typed", "everything I entered in {p} is gone", "{p} forgot my input again", "my changes in {p} vanish"],
    ["{p} shows everything twice", "duplicates in {p}", "each entry appears two times in {p}", "{p}: doubled rows"],
    ["{p} is very slow", "{p} takes half a minute", "waiting ages for {p}", "{p} got sluggish, almost unusable"],
    ["{p} shows wrong numbers", "the sums in {p} do not add up", "{p} is off by a lot", "totals in {p} are simply incorrect"],
    ["{p} ignores the button", "the save button in {p} does nothing", "tapping save in {p} has no effect", "{p}: dead button"],
    ["{p} is in the wrong order", "sorting in {p} is broken", "{p} mixes old and new", "entries of {p} jump around"],
    ["{p} sends too many mails", "{p} floods my inbox", "I get the same mail from {p} ten times", "mail storm caused by {p}"],
    ["{p} says permission denied", "no access to {p} although I am the owner", "{p} refuses me, not allowed", "suddenly locked out of {p}"],
    ["{p} cuts off long names", "text is truncated in {p}", "half of the title is missing in {p}", "names in {p} end in the middle"],
    ["{p} drains the battery", "phone gets hot with {p}", "{p} eats my battery in an hour", "huge battery use by {p}"],
    ["{p} breaks special characters", "question marks instead of accents in {p}", "{p} garbles the letters", "strange symbols in {p}"],
    ["{p} is off by one day", "{p} shows the day before", "dates shift in {p}", "{p}: everything a day late"],
    ["please add bulk edit to {p}", "I wish I could change many entries of {p} at once", "missing in {p}: select all", "bulk actions for {p} would save me hours"],
    ["{p} should have an undo", "how do I take something back in {p}", "one wrong tap in {p} and there is no way back", "an undo for {p}, please"],
    ["{p} needs a search box", "cannot find anything in {p}", "searching inside {p} is impossible", "let us filter {p}"],
    ["{p} logs me out", "I have to sign in again for {p}", "{p} ends my session", "thrown out whenever I use {p}"],
    ["{p} overlaps with the keyboard", "the keyboard covers {p}", "cannot see what I type in {p}", "{p} hides behind the keyboard"],
    ["{p} stays offline", "{p} claims there is no connection", "network error in {p}, my wifi is fine", "{p} does not connect"],
    ["{p} fails with an error", "error message in {p}", "{p} stops with an internal error", "something went wrong, says {p}"],
    ["{p} uses the wrong currency", "dollars instead of euros in {p}", "{p} mixes up currencies", "currency sign in {p} is wrong"],
    ["{p} does not print", "the printer only gets half of {p}", "{p} comes out as an empty sheet", "print dialog of {p} stays grey"],
]
CIRCUMSTANCES = [
    ["after the last update", "since I updated", "with the new version"], ["on a slow connection", "with weak wifi", "on the train with little signal"],
    ["when two people edit", "if my colleague works on it too", "while others are in there"], ["with more than a hundred entries", "when the list is long", "only for big lists"],
    ["on Safari", "in Safari, Chrome is fine", "with Safari only"], ["on Firefox", "Firefox shows it, Edge does not", "in Firefox"],
    ["when I rotate the phone", "in landscape", "as soon as I turn the screen"], ["on the tablet", "only on the big tablet", "with the tablet, never on the phone"],
    ["right after midnight", "around midnight", "when the day changes"], ["on the first of the month", "at the start of a month", "each time a month begins"],
    ["with an attachment", "if a file is attached", "as soon as I attach something"], ["for archived projects", "in old archived ones", "when the project is archived"],
    ["when I am a guest", "with the guest role", "as an invited guest"], ["after waking from sleep", "when the laptop was asleep", "opening the lid in the morning"],
    ["in a private window", "in incognito mode", "with private browsing"], ["with the screen reader", "using a screen reader", "when VoiceOver is on"],
    ["when I paste text", "pasting from the clipboard", "with copied text"], ["after changing the language", "since I switched languages", "once another language is set"],
    ["behind our proxy", "inside the company network", "through the office proxy"], ["while a backup runs", "during the nightly backup", "at backup time"],
    ["when I undo", "right after undo", "following an undo"], ["in split screen", "with two apps side by side", "when the window is half"],
    ["for the second account", "if I switch accounts", "with my other account"], ["with a leading zero", "for numbers that start with zero", "when a zero comes first"],
]
GREETINGS = ["", "", "", "Hi there. ", "Hello, ", "Good morning team, ", "Dear support, ", "Hey, ", "So, ", "Again: ", "Not sure where to post this. "]
DEVICES = ["Pixel 8", "Pixel 6a", "iPhone 15 Pro", "iPhone SE", "iPad Air", "Galaxy S23", "Galaxy Tab S9", "a ThinkPad", "a MacBook Air",
           "an old Chromebook", "Windows 11", "Windows 10", "macOS 15", "Ubuntu 24.04", "Debian", "a Fairphone", "Moto G", "Surface Go"]
TRIED = ["I restarted twice.", "Reinstalling did not help.", "Cleared the cache, same thing.", "Signing out and in again changes nothing.",
         "A colleague sees the same.", "On another device it works.", "I waited a whole day.", "Turned everything off and on.",
         "Your help page did not cover it.", "I tried it with a fresh project as well.", "Disabling all extensions made no difference.",
         "The older release on my second phone is fine."]
IMPACT = ["We cannot send anything to our customers until this works.", "It is annoying but I can live with it.", "This blocks the whole team.",
          "I lost about an hour today.", "My accountant is waiting for the numbers.", "Not urgent, just telling you.",
          "If this stays I will look for something else.", "We pay for twelve seats, so please have a look.",
          "It happens maybe once in five tries.", "Every single time, without exception.", "Only since this week, before that all was good.",
          "My workaround is to do it on paper, which is silly.", "I can make a video if that helps you.", "Please tell me if you need logs."]
THANKS = ["", "", "", " Thanks!", " Thank you and best regards.", " Cheers", " Otherwise a great app.", " Please fix soon."]
NAMES = ["Aino", "Bram", "Celia", "Dmitri", "Elif", "Femke", "Goran", "Hana", "Imre", "Jonna", "Kofi", "Lucia", "Milan", "Nuria", "Otto", "Pilar"]
THINGS = """accordion anchor arrow attachment avatar badge banner bar bookmark border bubble bundle button caption card carousel
category cell chapter checkbox clock cloud column contact corner counter cover cursor curve customer deadline department deposit
diagram dialog digit discount divider document drawer dropdown envelope estimate feature field figure filter flag folder footer
formula frame gallery glyph grid group handle header heart hint icon image indent index inventory item journal key label ledger
legend letter lid link list location lock logo map margin marker mask matrix member memo menu mileage milestone minute mode month
name note number offer office outline owner page palette panel paragraph parcel pencil percentage phase phone photo picture pin
plan plug pocket point popup portal position poster price priority profile project quantity quarter queue quote radio rate receipt
record region ribbon role row ruler salary sample scale schedule score seal section segment selector sequence share sheet shelf
shift shipment shop signature sketch slider slot snapshot spinner stage stamp star statement step sticker street stripe summary
switch symbol tab table tag target task tax team template tenant thread thumbnail ticket tile tip title toggle token tooltip
topic total track tray tree trend unit user vendor version view voucher wallet warehouse week weight widget window wizard word
zone zoom""".split()
KINDS = """archived blue central cheap circular closed collapsed colored crooked daily dashed default deep dotted double empty
expanded external fancy first flat foreign former frozen global golden green grey half hidden inner internal large last left linked
local locked long lower magnetic manual mixed monthly narrow nested new nightly old open orange outer paid partial pinned plain
private public purple quiet rare red regional right round second shared short silver single small sorted square striped tall
temporary third tiny turquoise unpaid upper urgent vertical wide yearly yellow""".split()
DETAILS = ["The {a} next to the {b} turns grey.", "It starts when I touch the {a}.", "Then the {a} jumps over the {b}.",
           "I see the {a} where the {b} should be.", "Without the {a} all is well.", "Looks as if the {a} and the {b} get mixed up.",
           "The {a} is gone and the {b} stays.", "Only the {a} is affected, the {b} is not.", "After that the {a} flickers.",
           "Even the {a} in the corner shows it.", "First the {a}, then the {b}, then nothing.", "The {b} needs the {a}, I suppose."]
SOURCES = ["manual"] * 5 + ["reddit"] * 2 + ["generic"] * 2 + ["github"]
SINGLE = 0.06


class Issues:
    """The issues that there are, and how likely a report is about each."""

    def __init__(self, rng, n):
        self.rng = rng
        self.issues = [self.invent() for _ in range(n)]
        self.cumulative = list(accumulate(1 / (i + 4) ** 0.85 for i in range(n)))

    def invent(self):
        r = self.rng
        code = f"HD-{r.randrange(1000, 9999)}" if r.random() < 0.35 else ""
        details = [f"{r.choice(KINDS)} {r.choice(THINGS)}" for _ in range(3)]
        return r.choice(PARTS), r.choice(SYMPTOMS), r.choice(CIRCUMSTANCES), code, details

    def pick(self):
        if self.rng.random() < SINGLE:
            return -1, self.invent()
        i = self.rng.choices(range(len(self.issues)), cum_weights=self.cumulative)[0]
        return i, self.issues[i]


def mistype(rng, text):
    at = rng.randrange(1, len(text) - 2)
    return text[:at] + text[at + 1] + text[at] + text[at + 2:]


def sentence(text):
    return text[0].upper() + text[1:] + "."


def write_one(rng, issue):
    (part, thing, area), symptom, circumstance, code, details = issue
    title = rng.choice(symptom).format(p=part)
    if rng.random() < 0.6:
        title += " " + rng.choice(circumstance)
    if rng.random() < 0.15:
        title = f"{area}: {title}"
    told = rng.choice(symptom).format(p=part)
    opening = sentence(f"{told} {rng.choice(circumstance)}")
    greeting = rng.choice(GREETINGS)
    body = [greeting + (opening[0].lower() + opening[1:] if greeting.endswith(", ") else opening)]
    body.append(rng.choice([f"It is about {thing}.", f"I noticed it with {thing}.", f"You can see it with {thing}, for instance.",
                            f"With {thing} it is the worst.", f"{sentence(thing)[:-1]} is where I met it."]))
    for detail in rng.sample(DETAILS, rng.randrange(1, 4)):
        a, b = rng.sample(details, 2)
        body.append(detail.format(a=a, b=b))
    if code:
        body.append(rng.choice([f"The message says {code}.", f"Error {code}.", f"There is a code: {code}."]))
    body.append(f"I use {rng.choice(DEVICES)}, version {rng.randrange(3, 6)}.{rng.randrange(10)}.{rng.randrange(20)}, "
                f"and it was about {rng.randrange(24):02d}:{rng.randrange(60):02d}.")
    body += rng.sample(TRIED, rng.randrange(3)) + rng.sample(IMPACT, rng.randrange(1, 3))
    text = " ".join(body) + rng.choice(THANKS)
    if rng.random() < 0.4:
        text += f"\n-- \n{rng.choice(NAMES)}, {rng.choice(NAMES)} & {rng.choice(NAMES)} GmbH, ticket {rng.randrange(10**6)}"
    if rng.random() < 0.25:
        text = mistype(rng, text)
    return title[0].upper() + title[1:], text


def reports(n, seed=1, first_day=1_790_000_000, days=60):
    """Yields n reports: dicts with label (the true issue), source, external_id, title, body, created_at, metadata."""
    from datetime import datetime, timezone
    rng = random.Random(seed)
    issues = Issues(rng, max(20, n // 25))
    for i in range(n):
        label, issue = issues.pick()
        title, body = write_one(rng, issue)
        at = first_day + i * days * 86400 // n
        yield {
            "label": f"issue-{label}" if label >= 0 else f"single-{i}",
            "source": rng.choice(SOURCES),
            "external_id": f"bench-{(i * 2654435761 + seed) % 2**32:08x}",
            "title": title,
            "body": body,
            "created_at": datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "url": f"https://help.example.com/harbourdesk/tickets/{rng.randrange(10**6)}",
            "metadata": {"area": issue[0][2], "seats": rng.randrange(1, 60), "plan": rng.choice(["free", "team", "firm"])},
        }


def write_batch(path, n, seed=1):
    """NDJSON for POST /api/ingest/batch."""
    with open(path, "w", encoding="utf-8") as f:
        for r in reports(n, seed):
            del r["label"]
            f.write(json.dumps(r, separators=(",", ":")) + "\n")


def write_short(path, n, seed=1):
    """The same, titles only."""
    with open(path, "w", encoding="utf-8") as f:
        for r in reports(n, seed):
            f.write(json.dumps({"source": r["source"], "external_id": r["external_id"], "title": r["title"]}) + "\n")


def write_titles(path, n, seed=1):
    """One title a line."""
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(r["title"] + "\n" for r in reports(n, seed))


def write_long(path, n, seed=1, bodies=4):
    """The same, several bodies to one report."""
    many = reports(n * bodies, seed)
    with open(path, "w", encoding="utf-8") as f:
        for r in many:
            text = "\n\n".join([r["body"], *(next(many)["body"] for _ in range(bodies - 1))])
            f.write(json.dumps({"source": r["source"], "external_id": r["external_id"], "title": r["title"], "body": text}) + "\n")


def write_labelled(path, n, seed=1):
    """JSONL for `soulcaster eval`."""
    with open(path, "w", encoding="utf-8") as f:
        for r in reports(n, seed):
            f.write(json.dumps({"label": r["label"], "title": r["title"], "body": r["body"]}) + "\n")


ID_MARK = "@" * 12  # post.lua puts an id here


def write_bodies(path, n, seed=1):
    """One request body a line, for post.lua."""
    with open(path, "w", encoding="utf-8") as f:
        for r in reports(n, seed):
            body = {"external_id": f"bench-{ID_MARK}", "title": r["title"], "body": r["body"], "url": r["url"],
                    "metadata": r["metadata"]}
            f.write(json.dumps(body, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    for report in reports(20):
        print(json.dumps(report, indent=1))
