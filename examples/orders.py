#!/usr/bin/env python3
"""One topic read in four ways at once, over HTTP with nothing but the standard library; the replay is a Kafka client's.

Payment, inventory and email are groups, each with workers that take single orders and say of each whether it is done, is to be tried
again, or is hopeless (a dead letter). Analytics reads all of it again from the start.

    weir serve --set weir.http.listener=127.0.0.1:8080
    weir queue set payment errors.deadletterqueue.topic.name=dlq.orders
    examples/orders.py http://127.0.0.1:8080 127.0.0.1:9092 200
"""
import itertools
import json
import sys
import threading
import urllib.parse
import urllib.request

from kafka import KafkaConsumer, TopicPartition

TOPIC, LETTERS = "orders", "dlq.orders"


def call(route, body=None, method="POST", **query):
    """Asks the door, and gives its answer; None for no content."""
    request = urllib.request.Request(
        f"{DOOR}/v1/queues/{TOPIC}/{route}?{urllib.parse.urlencode(query)}", method=method,
        data=json.dumps(body or {}).encode() if method == "POST" else None, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response) if response.status != 204 else None


class Fleet:
    """The workers of one group."""

    def __init__(self, group, size, do):
        self.group, self.size, self.do = group, size, do
        self.settled, self.refused, self.again, self.double = set(), 0, 0, 0
        self.lock, self.full = threading.Lock(), threading.Event()

    def start(self, count):
        for _ in range(self.size):
            threading.Thread(target=self.work, args=(count,), daemon=True).start()

    def work(self, count):
        """One worker."""
        while not self.full.is_set():
            got = call("receive", group=self.group, max=10, wait_ms=1000)
            for message in got["messages"] if got else []:
                order, receipts = json.loads(message["value"]), {"receipts": [message["receipt"]]}
                status = self.do(order, message["delivery_count"])
                if status == "done":
                    call("ack", receipts)
                else:
                    call("nack", dict(receipts, reject=status == "hopeless"))
                self.note(order["id"], status, count)

    def note(self, order, status, count):
        """Takes down what was said of an order, once the broker knows."""
        with self.lock:
            if status == "again":
                self.again += 1
                return
            self.double += order in self.settled
            self.refused += status == "hopeless"
            self.settled.add(order)
            if len(self.settled) == count:
                self.full.set()


def done(order, deliveries):
    return "done"


def pay(order, deliveries):
    """Refuses what cannot be paid; the bank is away now and then."""
    if order["amount"] == 0:
        return "hopeless"
    return "again" if order["id"] % 10 == 3 and deliveries == 1 else "done"


def replay(bootstrap, topic, count):
    """Reads orders from the start of a topic, and adds their amounts up."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, consumer_timeout_ms=30_000)
    consumer.assign([TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)])
    consumer.seek_to_beginning()
    amounts = [json.loads(record.value)["amount"] for record in itertools.islice(consumer, count)]
    consumer.close()
    print(f"{topic}: {len(amounts)} replayed, worth {sum(amounts)}")


def main(bootstrap, count):
    orders = [{"id": n, "amount": n % 20} for n in range(count)]
    for start in range(0, count, 100):
        call("messages", {"messages": [{"value": o, "key": f"customer-{o['id'] % 7}"} for o in orders[start:start + 100]]})
    fleets = [Fleet("payment", 3, pay), Fleet("inventory", 2, done), Fleet("email", 1, done)]
    for fleet in fleets:
        fleet.start(count)
    for fleet in fleets:
        if not fleet.full.wait(120):
            return f"{fleet.group} is not done in time"
    for f in fleets:
        print(f"{f.group}: {len(f.settled) - f.refused} done, {f.refused} refused, {f.again} at the second try, {f.double} twice")
    replay(bootstrap, LETTERS, fleets[0].refused)
    replay(bootstrap, TOPIC, count)
    for letter in call("dead-letters", method="GET", group="payment", max=2)["dead_letters"]:
        print(f"given up: {letter['value']} after {letter['delivery_count']} delivery: {letter['reason']}")


if __name__ == "__main__":
    DOOR = sys.argv[1]
    sys.exit(main(sys.argv[2], int(sys.argv[3])))
