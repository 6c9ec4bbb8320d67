"""Subscribes by ZeroMQ and prints each message as a line of JSON. Run by Debian's Python, whose package
pyzmq is: zmq_subscriber.py ADDRESS [TOPIC...]. Says "ready" once it has connected to the publisher."""

import json
import sys

import zmq
from zmq.utils.monitor import recv_monitor_message

ADDRESS, TOPICS = sys.argv[1], sys.argv[2:]

socket = zmq.Context().socket(zmq.SUB)
socket.setsockopt(zmq.RCVHWM, 0)
monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
for topic in TOPICS:
    socket.setsockopt(zmq.SUBSCRIBE, topic.encode())
socket.connect(ADDRESS)
recv_monitor_message(monitor)
print(json.dumps("ready"), flush=True)
while True:
    topic, body, count = socket.recv_multipart()
    print(json.dumps([topic.decode(), body.hex(), count.hex()]), flush=True)
