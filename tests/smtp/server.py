"""A mail server for tests: takes mails, writes one JSON line for each to stdout, refuses some by their address.

server.py [PORT [CERTIFICATE KEY [starttls|tls [USER PASSWORD]]]]; with a certificate it takes nothing before STARTTLS, or speaks TLS from the first
byte; with a user it takes nothing from anybody else, and says who a mail is from. Prints its port first. later@...: 451 once, then taken;
never@...: 550. Ends when its stdin does.
"""

import json
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


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
        if session.authenticated:
            mail["by"] = session.auth_data
        print(json.dumps(mail), flush=True)
        return "250 OK"


port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
options = {}
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    is_wrapped = sys.argv[4:5] == ["tls"]
    options = {"ssl_context": context} if is_wrapped else {"tls_context": context, "require_starttls": True}
if len(sys.argv) > 6:
    known = (sys.argv[5].encode(), sys.argv[6].encode())

    def authenticate(server, session, envelope, mechanism, given):
        is_known = (given.login, given.password) == known
        # who is refused is told so by the server itself
        return AuthResult(success=is_known, handled=False, auth_data=given.login.decode())

    # a server that is wrapped whole knows nothing of it
    options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": not is_wrapped}
controller = Controller(Handler(), hostname="127.0.0.1", port=port, **options)
if port == 0:
    # the controller's own first look at its server needs a number
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        controller.port = free.getsockname()[1]
controller.start()
print(json.dumps({"port": controller.port}), flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), controller.stop())).start()
