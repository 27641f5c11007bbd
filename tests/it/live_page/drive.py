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

DEADLINE_S = 90


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
    said = browser.wait("an answer", "(() => { const t = document.getElementById('found').textContent; return t && t !== 'searching' ? t : '' })()")
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
    browser.wait("the stream", "document.getElementById('connection').textContent === 'live'")
    browser.wait("customers", "document.querySelectorAll('#stages tbody tr').length > 3")
    browser.wait("bands", "document.querySelectorAll('#flow path').length > 5")
    browser.wait("values", "document.querySelectorAll('#values meter').length > 3")
    browser.wait("plays", "document.querySelectorAll('#plays tbody tr').length > 0")
    browser.wait("latency", "/[0-9]+ ms/.test(document.getElementById('tile-latency').textContent)")
    browser.wait("lines", "document.querySelectorAll('#rate canvas, #latency canvas').length === 2 && times.at.length > 5")
    seen["tiles"] = browser.value("Object.fromEntries([...document.querySelectorAll('#tiles dd')].map((d) => [d.id, d.textContent]))")
    browser.wait("a rate", "parseFloat(document.getElementById('tile-events').textContent) > 0")
    seen["nameless"] = nameless(browser)
    decided = "fetch('/api/aggregates?name=play_actions').then((a) => a.json()).then((a) => a.figures.length)"
    seen["figures"] = browser.value(decided)
    seen["nobody"] = search(browser, "nobody-of-that-name")
    known = os.environ["KNOWN_CUSTOMER"]
    seen["found"] = search(browser, known)
    seen["decisions"] = browser.value("[...document.querySelectorAll('#decisions li')].map((item) => item.textContent)")
    seen["stages"] = browser.value("[...document.querySelectorAll('#stages-so-far li')].map((item) => item.textContent)")
    seen["intentions"] = browser.value("[...document.querySelectorAll('#intentions li')].map((item) => item.textContent)")
    seen["facts"] = browser.value("document.getElementById('facts').innerText")
    seen["by_address"] = search(browser, f" {known.upper()}@EXAMPLE.COM")
    browser.value("document.querySelectorAll('details').forEach((part) => { part.open = false })")
    seen["widths"] = {
        "light": browser.picture(f"{folder}/light.png", 1280, 900, False),
        "dark": browser.picture(f"{folder}/dark.png", 1280, 900, True),
        "phone": browser.picture(f"{folder}/phone.png", 390, 844, False, True),
    }
    # what the search asked for and was not there is told by the browser as an error, too
    seen["complaints"] = [text for text in browser.complaints if "nobody-of-that-name" not in text]
    browser.process.kill()
    print(json.dumps(seen))


main(*sys.argv[1:])
