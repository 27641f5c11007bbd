#!/usr/bin/env python3
"""Goes through the live page as a person would, with headless Chromium, and prints what it saw as one JSON value.

usage: drive.py BROWSER ADDRESS FOLDER

Chromium is spoken to over a pipe (its DevTools protocol, messages end with a zero byte), so nothing but Python is needed. Pictures of the page
(light, dark, telephone) go into FOLDER, for people to look at. Every wait is for a state of the page, with a deadline.
"""

import base64
import fcntl
import json
import os
import subprocess
import sys
import time

# the first order after a click takes a minute to come about
DEADLINE_S = 150


class Browser:
    def __init__(self, program, folder):
        # not among the numbers that the browser expects
        to_browser, self.write = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in os.pipe())
        self.read, from_browser = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in os.pipe())

        def fds():
            os.dup2(to_browser, 3)
            os.dup2(from_browser, 4)

        arguments = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
        arguments += ["--remote-debugging-pipe", f"--user-data-dir={folder}/profile", "about:blank"]
        with open(f"{folder}/browser.log", "wb") as log:
            self.process = subprocess.Popen(arguments, preexec_fn=fds, close_fds=False, stdout=log, stderr=log)
        os.close(to_browser)
        os.close(from_browser)
        self.rest, self.number, self.session, self.complaints = b"", 0, None, []
        page = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def receive(self):
        while b"\0" not in self.rest:
            piece = os.read(self.read, 1 << 16)
            if not piece:
                sys.exit("the browser has ended")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(message)
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(message["params"]["exceptionDetails"].get("exception", {}).get("description", "exception"))
        if message.get("method") == "Runtime.consoleAPICalled" and message["params"]["type"] in ("error", "assert"):
            self.complaints.append(str([said.get("value", said.get("description")) for said in message["params"]["args"]]))
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.complaints.append(message["params"]["entry"]["text"] + " " + message["params"]["entry"].get("url", ""))
        return message

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]

    def value(self, expression):
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            sys.exit(f"{expression}: {told['exceptionDetails']}")
        return told["result"].get("value")

    def wait(self, what, expression):
        until = time.monotonic() + DEADLINE_S
        while time.monotonic() < until:
            # what is not there yet cannot be asked either
            value = self.value(f"(() => {{ try {{ return ({expression}) }} catch {{ return null }} }})()")
            if value:
                return value
            time.sleep(0.2)
        sys.exit(f"{what} did not come; the page says:\n{self.value('document.body.innerText')}\n{self.complaints}")

    def press(self, key, code):
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def click(self, element):
        """Where a person would: in the middle of it, when it is in sight; what lies over it would be hit instead."""
        place = f"(() => {{ const e = {element}; e.scrollIntoView({{ block: 'center', behavior: 'instant' }}); const b = e.getBoundingClientRect(); "
        place += "const [x, y] = [b.x + b.width / 2, b.y + b.height / 2], hit = document.elementFromPoint(x, y); return { x, y, hit: e.contains(hit) } })()"
        at = self.wait(f"{element} to be there", place)
        if not at["hit"]:
            sys.exit(f"{element} is covered")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=at["x"], y=at["y"], button="left", clickCount=1)

    def picture(self, path, width, height, is_dark, is_phone=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_phone)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}])
        # the lines are drawn anew in these colours and this width, at the next frame but one
        self.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(1), 1500))))")
        whole = self.value("document.documentElement.scrollHeight")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=whole, deviceScaleFactor=1, mobile=is_phone)
        shot = self.call("Page.captureScreenshot", format="png")
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
        return self.value("document.documentElement.scrollWidth")


def answered(browser):
    said = "(() => { const t = document.getElementById('found').textContent; return t && t !== 'searching' ? t : '' })()"
    return browser.wait("an answer", said)


def search_by_mouse(browser, wanted):
    browser.click("document.getElementById('wanted')")
    assert browser.value("document.activeElement.id") == "wanted"
    browser.value("document.getElementById('wanted').value = '', document.getElementById('found').textContent = ''")
    browser.call("Input.insertText", text=wanted)
    browser.click("document.querySelector('#search-form button')")
    return answered(browser)


def enter_token(browser, token):
    browser.click("document.getElementById('token')")
    browser.value("document.getElementById('token').value = '', document.getElementById('token-why').textContent = ''")
    browser.call("Input.insertText", text=token)
    browser.click("document.querySelector('#token-form button')")


def refused(browser):
    """What the page says to somebody without a token, and with a wrong one, and whether it shows anything."""
    why = "document.getElementById('token-why').textContent"
    state = "document.getElementById('connection').textContent"
    shown = "document.getElementById('stages').getClientRects().length"
    first = browser.wait("the token to be asked for", f"!document.getElementById('token-form').hidden && {why}")
    said = [first, browser.value(state)]
    enter_token(browser, "a-wrong-token-of-enough-characters")
    second = browser.wait("the wrong token to be refused", why)
    return said + [second, browser.value(state), browser.value(f"{shown} ? 'figures' : 'no figures'")]


def open_sections(browser):
    """Clicks on the summary of each section that is to be seen; how many are open then."""
    seen = "[...document.querySelectorAll('details')].filter((part) => part.getClientRects().length)"
    count = browser.value(f"{seen}.length")
    for place in range(count):
        browser.click(f"{seen}[{place}].querySelector('summary')")
        browser.wait("the section to open", f"{seen}[{place}].open")
    return count


def toggle_line(browser):
    """A click on its name in the legend hides a line, and another shows it again."""
    line = "document.querySelector('#latency .u-legend .u-series:nth-child(3)')"
    for state in ("true", "false"):
        browser.click(f"{line}.querySelector('th')")
        browser.wait("the line to go or come", f"String({line}.classList.contains('u-off')) === '{state}'")


def figures(browser):
    """What the parts of the page say, once each of them says something of the stream."""
    rows = lambda table: f"[...document.querySelectorAll('#{table} tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
    number = lambda text: f"Number({text}.replaceAll(',', ''))"
    moved = f"{rows('flow-table')}.reduce((sum, [, , count]) => sum + {number('count')}, 0)"
    seen = {"moved": [browser.wait("moves", moved)]}
    seen["moved"].append(browser.wait("more moves", f"(() => {{ const now = {moved}; return now > {seen['moved'][0]} && now }})()"))
    browser.wait("a rate", "parseFloat(document.getElementById('tile-events').textContent) > 0")
    browser.wait("transitions", "parseFloat(document.getElementById('tile-transitions').textContent) > 0")
    browser.wait("latency", "/[0-9]+ ms/.test(document.getElementById('tile-latency').textContent)")
    browser.wait("lines", "document.querySelectorAll('#rate canvas, #latency canvas').length === 2 && times.at.length > 5")
    legend = lambda plot: f"/UTC[^0-9]*[0-9:]{{8}}.*[0-9]/s.test(document.querySelector('#{plot} .u-legend').innerText)"
    browser.wait("the newest figures below the lines", f"{legend('rate')} && {legend('latency')}")
    earned = f"{rows('plays')}.find(([, , , , earned, lift]) => /[$€¥][0-9]/.test(earned) && lift.includes('%'))"
    seen["recovery"] = browser.wait("recovered revenue and lift", earned)
    seen["flow"] = browser.value("[...document.querySelectorAll('#flow path title')].map((title) => title.textContent)")
    seen["tiles"] = browser.value("Object.fromEntries([...document.querySelectorAll('#tiles dd')].map((d) => [d.id, d.textContent]))")
    for table in ("stages", "attempts", "slots"):
        seen[table] = browser.value(rows(table))
    seen["share"] = [browser.value("document.getElementById('share').textContent")]
    # the pictures of the stream to come, as another instance's would be: two of the four slots are elsewhere
    browser.value("window.showAll = show, window.show = (picture) => showAll({ ...picture, slots: picture.slots.slice(0, 2) }), 1")
    seen["share"].append(browser.wait("the part", "document.querySelector('#share.part')?.textContent"))
    browser.value("window.show = showAll, 1")
    browser.wait("the whole", "!document.querySelector('#share.part')")
    return seen


def search(browser, wanted):
    """By keyboard alone: from the top of the page with the skip link to the search, the words, and Enter."""
    browser.value("document.activeElement.blur(), window.scrollTo(0, 0), document.getElementById('wanted').value = ''")
    browser.value("document.querySelector('.skip').focus()")
    browser.press("Enter", 13)
    browser.wait("the search", "location.hash === '#search' && document.activeElement.id === 'search'")
    browser.press("Tab", 9)
    assert browser.value("document.activeElement.id") == "wanted", "the search is the next stop of the keyboard"
    browser.call("Input.insertText", text=wanted)
    browser.press("Enter", 13)
    said = answered(browser)
    browser.value("history.replaceState(null, '', '/')")
    return said


def nameless(browser):
    """What a screen reader would read without a name."""
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "textbox", "searchbox", "link", "image", "meter", "table", "region"}
    role = lambda node: node.get("role", {}).get("value")
    return [role(node) for node in tree if not node.get("ignored") and role(node) in roles and not node.get("name", {}).get("value")]


def main(program, address, folder):
    browser = Browser(program, folder)
    seen = {}
    browser.call("Page.navigate", url=address)
    seen["refused"] = refused(browser)
    enter_token(browser, os.environ["API_TOKEN"])
    browser.wait("the form to go", "document.getElementById('token-form').hidden")
    browser.wait("the stream", "document.getElementById('connection').textContent === 'live'")
    browser.wait("customers", "document.querySelectorAll('#stages tbody tr').length > 3")
    browser.wait("bands", "document.querySelectorAll('#flow path').length > 5")
    browser.wait("values", "document.querySelectorAll('#values .meter').length > 3")
    browser.wait("plays", "document.querySelectorAll('#plays tbody tr').length > 0")
    seen |= figures(browser)
    seen["nameless"] = nameless(browser)
    decided = "ask('/api/aggregates?name=play_actions').then((a) => a.json()).then((a) => a.figures.length)"
    seen["figures"] = browser.value(decided)
    seen["nobody"] = search(browser, "nobody-of-that-name")
    known = os.environ["KNOWN_CUSTOMER"]
    seen["found"] = search(browser, known)
    seen["decisions"] = browser.value("[...document.querySelectorAll('#decisions li')].map((item) => item.textContent)")
    seen["stages-so-far"] = browser.value("[...document.querySelectorAll('#stages-so-far li')].map((item) => item.textContent)")
    seen["intentions"] = browser.value("[...document.querySelectorAll('#intentions li')].map((item) => item.textContent)")
    seen["facts"] = browser.value("document.getElementById('facts').innerText")
    seen["by_address"] = search(browser, f" {known.upper()}@EXAMPLE.COM")
    assert search_by_mouse(browser, known) == f"found {known}", "the mouse finds the same"
    seen["sections"] = open_sections(browser)
    toggle_line(browser)
    browser.value("document.querySelectorAll('details').forEach((part) => { part.open = false })")
    seen["widths"] = {
        "light": browser.picture(f"{folder}/light.png", 1280, 900, False),
        "dark": browser.picture(f"{folder}/dark.png", 1280, 900, True),
        "phone-dark": browser.picture(f"{folder}/phone-dark.png", 375, 812, True, True),
        "phone": browser.picture(f"{folder}/phone.png", 375, 812, False, True),
    }
    cut = "[...document.querySelectorAll('.scroll')].filter((part) => part.scrollWidth > part.clientWidth).map((part) => part.innerText)"
    seen["cut"] = browser.value(cut)
    # what the search asked for and was not there, and the stream without its token, are told by the browser as errors, too
    expected = lambda text: "nobody-of-that-name" in text or ("401" in text and text.endswith("/api/live"))
    seen["complaints"] = [text for text in browser.complaints if not expected(text)]
    browser.process.kill()
    print(json.dumps(seen))


main(*sys.argv[1:])
