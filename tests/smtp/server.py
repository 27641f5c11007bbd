"""A mail server for tests: takes mails, writes one JSON line for each to stdout, refuses some by their address.

Prints its port first. later@...: 451 once, then taken; never@...: 550. Ends when its stdin does.
"""

import json
import sys
import threading

from aiosmtpd.controller import Controller


class Handler:
    def __init__(self):
        self.put_off = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("never"):
            return "550 no such mailbox"
        if address.startswith("later") and address not in self.put_off:
            self.put_off.add(address)
            return "451 try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "mail": envelope.content.decode("utf-8")}
        print(json.dumps(mail), flush=True)
        return "250 OK"


port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
controller = Controller(Handler(), hostname="127.0.0.1", port=port)
if port == 0:
    # the controller's own first look at its server needs a number
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        controller.port = free.getsockname()[1]
controller.start()
print(json.dumps({"port": controller.port}), flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), controller.stop())).start()
