#!/usr/bin/env python3
"""subscriber.py - a light subscriber: python3-zmq and python3-protobuf, nothing of muster's but its .proto files.

    protoc --python_out=. -I PROTO_DIR PROTO_DIR/*.proto      (PROTO_DIR: proto/, or share/muster/proto when installed)
    python3 subscriber.py DATA_DIR [FROM_SEQ]

Publications (XPUB) are quick and may be dropped: what is sent before we have subscribed, and what we are too slow for.
Their numbers say so. Each event has the seq after the one before, and a beacon tells every second how far the log is;
what is missing is read from the log itself on the other socket. So every event is shown exactly once, in order."""
import os
import sys

import bus_pb2
import envelope_pb2
import zmq

data, seen = sys.argv[1], int(sys.argv[2]) - 1 if len(sys.argv) > 2 else 0
context = zmq.Context()
events = context.socket(zmq.SUB)
events.subscribe(b"")  # all topics, "<type>.<batch>.": only who sees all can tell from the numbers that one is missing
events.connect(f"ipc://{data}/run/events.sock")
bus = context.socket(zmq.DEALER)
bus.setsockopt(zmq.ROUTING_ID, b"s" + os.urandom(16))  # never one that another could have
bus.setsockopt(zmq.LINGER, 0)
bus.connect(f"ipc://{data}/run/bus.sock")


def ask(**what):
    """One request, its one reply, and the bodies behind it."""
    bus.send(bus_pb2.BusRequest(request_id=1, **what).SerializeToString())
    if not bus.poll(10000):
        sys.exit("the broker does not answer")
    head, *bodies = bus.recv_multipart()
    return bus_pb2.BusReply.FromString(head), bodies


def hello():
    reply, _ = ask(hello=bus_pb2.Hello(producer="subscriber.py", protocol=1, observer=True))
    if reply.WhichOneof("what") != "welcome":
        sys.exit(f"refused: {reply.fault.text}")


def show(envelope):
    global seen
    print(envelope.seq, envelope.type, envelope.batch_id or "-", f"{envelope.body_size} bytes", flush=True)
    seen = envelope.seq


def fill(up_to):
    """Reads from the log what was not published to us."""
    while seen < up_to:
        reply, _ = ask(read=bus_pb2.Read(**{"from": seen + 1}, heads_only=True))
        if reply.WhichOneof("what") == "fault":  # silent for long, or the broker is a new one: say who we are again
            hello()
            continue
        for envelope in reply.page.envelopes:
            if envelope.seq <= up_to:
                show(envelope)


hello()
while True:
    topic, head, *body = events.recv_multipart()  # body: the event itself, a message named by its type
    if topic == b"watermark":
        fill(bus_pb2.Beacon.FromString(head).durable_seq)  # a lost last event shows only here
    elif not topic.startswith(b"report."):
        envelope = envelope_pb2.Envelope.FromString(head)
        fill(envelope.seq - 1)
        if envelope.seq > seen:
            show(envelope)
