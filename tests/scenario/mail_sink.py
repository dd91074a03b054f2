"""mail_sink.py - a mail server that keeps what it takes, and the settings with which muster sends its mail there."""

import email
import email.policy
import os
import pwd
import socket
import threading
import time

import pytest

aiosmtpd_controller = pytest.importorskip("aiosmtpd.controller")

ANNA = "anna@example.org"


class Sink:
    """A mail server that keeps what it takes; `answer` is what it says to each mail."""

    def __init__(self, port=0, **options):
        self.mails, self.answer, self.pause_s = [], "250 taken", 0.0
        self.came = threading.Event()
        with socket.socket() as free:
            free.bind(("127.0.0.1", port))
            self.port = free.getsockname()[1]
        self.options = options
        self.controller = None

    def start(self):
        self.controller = aiosmtpd_controller.Controller(self, hostname="127.0.0.1", port=self.port, **self.options)
        self.controller.start()
        return self

    def stop(self):
        if self.controller:
            self.controller.stop()
            self.controller = None

    async def handle_DATA(self, server, session, envelope):
        self.came.set()
        if self.answer.startswith("250"):
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), mail, session.ssl is not None, session.authenticated))
        if self.pause_s:
            time.sleep(self.pause_s)
        return self.answer

    def about(self, text):
        return [mail for _, _, mail, _, _ in self.mails if text in mail["Subject"]]


def settings(port, **more):
    lines = ["smtp:", "  host: 127.0.0.1", f"  port: {port}", f"  security: {more.pop('security', 'none')}"]
    lines += [f"  {name}: {more.pop(name)}" for name in ("user", "password_file", "ca_file") if name in more]
    lines += ["from: Muster <muster@example.org>", "operators:", f"  - name: {operator()}", f"    address: {ANNA}"]
    return "\n".join(lines + [f"{name}: {value}" for name, value in more.items()]) + "\n"


def operator():
    return os.environ.get("MUSTER_OPERATOR") or pwd.getpwuid(os.getuid()).pw_name
