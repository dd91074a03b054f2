"""bus.py - the bus as a test speaks it, from proto/ alone: a DEALER socket and what protoc makes of the .proto files.

It shares no line with broker/lib, so it is also a second reading of the protocol. One Bus is one session and one thread.
"""

import hashlib
import importlib
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import zmq

ROOT = pathlib.Path(__file__).resolve().parents[2]
BODY_SIZE_MAX = 1 << 20  # bytes


def _generate():
    """Compiles proto/*.proto into a folder that dies with this process; gives every message as an attribute."""
    folder = tempfile.TemporaryDirectory(prefix="mproto")
    files = sorted(path.name for path in (ROOT / "proto").glob("*.proto"))
    subprocess.run(
        ["protoc", f"-I{ROOT / 'proto'}", f"--python_out={folder.name}", *files], check=True, cwd=ROOT / "proto"
    )
    sys.path.insert(0, folder.name)
    names = {}
    for file in files:
        module = importlib.import_module(file.replace(".proto", "_pb2"))
        names.update({name: value for name, value in vars(module).items() if not name.startswith("_")})
    sys.path.remove(folder.name)
    return folder, names


_folder, _names = _generate()


class _Messages:
    """pb.ShowBatch, pb.ANSWER_OK ..: everything that proto/*.proto defines."""

    def __getattr__(self, name):
        try:
            return _names[name]
        except KeyError:
            raise AttributeError(f"proto/ defines no {name}") from None


pb = _Messages()


def id_of(*parts):
    """The id of something named by parts, as broker/lib/hash.h says."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.digest()[:16]


def body_of(envelope, data):
    """The body behind an envelope, unpacked."""
    message = getattr(pb, envelope.type)()
    message.ParseFromString(data)
    return message


class Fault(Exception):
    """The broker refused the request itself."""

    def __init__(self, fault):
        super().__init__(f"{pb.FaultCode.Name(fault.code)}: {fault.text}")
        self.code = fault.code


class Unavailable(Exception):
    """No answer came in time."""


class Answer:
    """What a call gave back: status, text for people, body (None where there is none)."""

    def __init__(self, status, text, message):
        self.status, self.text, self.message = status, text, message

    @property
    def name(self):
        return pb.AnswerStatus.Name(self.status)

    def __repr__(self):
        return f"{self.name} {self.text!r} {self.message}"


class Bus:
    """One session with the broker of a data directory (or of an endpoint)."""

    def __init__(
        self, data=None, producer="test/1", service="", operator="tester", observer=True, endpoint=None, curve=None,
        timeout_s=10.0,
    ):
        self.endpoint = endpoint or f"ipc://{data}/run/bus.sock"
        self.hello = dict(
            producer=producer, service=service, operator=operator, protocol=1, observer=observer and not service
        )
        self.curve = curve  # (server key, public key, secret key), each Z85
        self.epoch = 0
        self.pending = {}
        self.deliveries = []  # Delivery with body, Watermark, CallRequest with body: what the broker says first
        self.context = zmq.Context.instance()
        self.socket = None
        self.request_id = random.getrandbits(32)
        self._connect(timeout_s)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.socket is not None:
            self.socket.close(linger=0)
            self.socket = None

    def _connect(self, timeout_s):
        deadline = time.monotonic() + timeout_s
        while True:
            self.close()
            self.socket = self.context.socket(zmq.DEALER)
            self.socket.setsockopt(zmq.ROUTING_ID, b"t" + os.urandom(8))
            self.socket.setsockopt(zmq.LINGER, 0)
            self.socket.setsockopt(zmq.SNDTIMEO, 1000)  # without a connection sending would wait for ever
            if self.curve:
                server, public, secret = self.curve
                self.socket.curve_serverkey, self.socket.curve_publickey = server.encode(), public.encode()
                self.socket.curve_secretkey = secret.encode()
            self.socket.connect(self.endpoint)
            self.pinged = time.monotonic()
            try:
                left = max(0.05, min(2.0, deadline - time.monotonic()))
                reply, _ = self._once(pb.BusRequest(hello=pb.Hello(epoch=self.epoch, **self.hello)), [], left)
                self.welcome = reply.welcome
                self.epoch = reply.welcome.epoch
                return
            except Unavailable:
                if time.monotonic() > deadline:
                    raise

    # one request, one reply -------------------------------------------------------------------------------

    def send(self, request, bodies=()):
        try:
            self.socket.send_multipart([request.SerializeToString(), *bodies])
        except zmq.Again:
            raise Unavailable("no connection to send on") from None

    def pump(self, timeout_s):
        """Takes what comes within the time; replies go to whoever asked, the rest to `deliveries`. True: something came."""
        now = time.monotonic()
        if now - self.pinged > 1.0:
            self.pinged = now
            self.send(pb.BusRequest(ping=pb.Ping()))
        if not self.socket.poll(int(max(0.0, timeout_s) * 1000)):
            return False
        frames = self.socket.recv_multipart()
        reply = pb.BusReply()
        reply.ParseFromString(frames[0])
        if reply.request_id:
            self.pending[reply.request_id] = (reply, frames[1:])
        elif reply.WhichOneof("what") != "pong":
            self.deliveries.append((reply, frames[1:]))
        return True

    def _once(self, request, bodies, timeout_s):
        self.request_id += 1
        request.request_id = mine = self.request_id
        self.send(request, bodies)
        deadline = time.monotonic() + timeout_s
        while mine not in self.pending:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Unavailable(f"no reply to {request.WhichOneof('what')} within {timeout_s:.1f} s")
            self.pump(min(left, 0.5))
        reply, frames = self.pending.pop(mine)
        if reply.WhichOneof("what") == "fault":
            raise Fault(reply.fault)
        return reply, frames

    def ask(self, timeout_s=10.0, bodies=(), **what):
        """ask(read=pb.Read(..)) -> (reply, bodies). A lost broker is looked for again until the time is over."""
        deadline = time.monotonic() + timeout_s
        while True:
            left = deadline - time.monotonic()
            try:
                return self._once(pb.BusRequest(**what), bodies, max(0.05, min(left, 3.0)))
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                self._connect(max(0.05, deadline - time.monotonic()))
            except Fault as fault:
                if fault.code != pb.FAULT_NO_SESSION or time.monotonic() > deadline:
                    raise
                self._connect(max(0.05, deadline - time.monotonic()))

    def call(self, service, argument, expected=None, key="", command_id=b"", timeout_s=10.0):
        """A command or query to a service; once, as it is: retrying is the caller's story."""
        call = pb.Call(
            service=service, key=key, method=type(argument).__name__, command_id=command_id,
            timeout_ms=int(timeout_s * 1000),
        )
        reply, frames = self.ask(timeout_s=timeout_s + 1.0, bodies=[argument.SerializeToString()], call=call)
        result = reply.call_result
        message = None
        if expected is not None and frames and frames[0]:
            message = expected()
            message.ParseFromString(frames[0])
        return Answer(result.status, result.text, message)

    def insist(self, service, argument, expected=None, key="", command_id=b"", timeout_s=60.0):
        """As call, but goes on through restarts until there is an answer: the same command_id makes that harmless."""
        deadline = time.monotonic() + timeout_s
        again = (pb.ANSWER_TIMEOUT, pb.ANSWER_UNAVAILABLE)
        while True:
            try:
                answer = self.call(service, argument, expected, key, command_id, timeout_s=3.0)
                if answer.status not in again or time.monotonic() > deadline:
                    return answer
            except (Unavailable, Fault):
                if time.monotonic() > deadline:
                    raise
                self._connect(max(0.05, deadline - time.monotonic()))

    def commit(self, commit, bodies=(), timeout_s=10.0):
        commit.producer, commit.producer_epoch = self.hello["producer"], self.epoch
        reply, _ = self.ask(timeout_s=timeout_s, bodies=bodies, commit=commit)
        return reply.commit_result

    def status(self, timeout_s=10.0):
        return self.ask(timeout_s=timeout_s, get_status=pb.GetStatus())[0].broker_status

    def read(self, stream="", start=1, heads_only=False):
        """Every event of a stream (stream "": of the log) from a version (seq) on, as (envelope, body bytes)."""
        while True:
            asked = pb.Read(stream=stream, max_events=256, heads_only=heads_only, **{"from": start})
            reply, frames = self.ask(timeout_s=30.0, read=asked)
            page = reply.page
            for at, envelope in enumerate(page.envelopes):
                yield envelope, b"" if heads_only else frames[at]
            if page.end or not page.envelopes:
                return
            start = page.next

    # what the broker says first -------------------------------------------------------------------------

    def next(self, what, timeout_s=10.0):
        """The next delivery, call_request or watermark; None when the time is over."""
        deadline = time.monotonic() + timeout_s
        while True:
            for at, (reply, frames) in enumerate(self.deliveries):
                if reply.WhichOneof("what") == what:
                    del self.deliveries[at]
                    return getattr(reply, what), frames
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self.pump(min(left, 0.5))

    def join(self, group, types, credit=1):
        self.send(pb.BusRequest(join=pb.Join(group=group, types=types, credit=credit)))

    def follow(self, subscription, types=(), heads=(), batch_id="", start=1, credit=1000):
        self.send(
            pb.BusRequest(
                follow=pb.Follow(
                    subscription=subscription, types=types, head_types=heads, batch_id=batch_id, from_seq=start,
                    credit=credit,
                )
            )
        )

    def credit(self, subscription, deliveries):
        self.send(pb.BusRequest(credit=pb.Credit(subscription=subscription, deliveries=deliveries)))

    def give_back(self, delivery, reason):
        self.send(
            pb.BusRequest(
                release=pb.Release(
                    group=delivery.group, seq=delivery.envelope.seq, grant=delivery.grant, reason=reason
                )
            )
        )
