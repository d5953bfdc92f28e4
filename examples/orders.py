#!/usr/bin/env python3
"""One topic read in four ways at once, over HTTP with nothing but the standard library; the replay is a Kafka client's.

Payment and inventory are fleets of workers: each takes single orders and says of each whether it is done, is to be tried again, or is
hopeless (a dead letter). Email is a group of one. Analytics reads all of it again from the start.

    weir serve --set weir.http.listener=127.0.0.1:8080
    weir queue set payment errors.deadletterqueue.topic.name=dlq.orders
    examples/orders.py http://127.0.0.1:8080 127.0.0.1:9092 200
"""
import json
import sys
import threading
import urllib.request

from kafka import KafkaConsumer, TopicPartition

TOPIC = "orders-py"


def call(route, body=None, **query):
    """Asks the door, and gives its answer; None for no content."""
    parameters = "&".join(f"{name}={value}" for name, value in query.items())
    request = urllib.request.Request(
        f"{DOOR}/v1/queues/{TOPIC}/{route}?{parameters}", method="POST",
        data=json.dumps(body or {}).encode(), headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response) if response.status != 204 else None


class Tally:
    """Counts what became of each order."""

    def __init__(self, want):
        self.want, self.done, self.again = want, {}, 0
        self.lock, self.full = threading.Lock(), threading.Event()

    def note(self, order, status):
        with self.lock:
            self.again += order in self.done
            self.done[order] = status
            if len(self.done) == self.want:
                self.full.set()

    def count(self, status):
        with self.lock:
            return sum(1 for s in self.done.values() if s == status)


def work(group, tally, do):
    """One worker of a fleet."""
    while not tally.full.is_set():
        got = call("receive", group=group, max=10, wait_ms=1000)
        for message in (got or {}).get("messages") or []:
            order = json.loads(message["value"])
            status = do(order, message["delivery_count"])
            receipts = {"receipts": [message["receipt"]]}
            if status == "done":
                call("ack", receipts)
            else:
                call("nack", dict(receipts, reject=status == "hopeless"))
            if status != "again":
                tally.note(order["id"], status)


def pay(order, deliveries):
    """Refuses what cannot be paid; the bank is away now and then."""
    if order["amount"] == 0:
        return "hopeless"
    return "again" if order["id"] % 10 == 3 and deliveries == 1 else "done"


def replay(bootstrap, count):
    """Adds all amounts up, from the start of the log."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    parts = [TopicPartition(TOPIC, p) for p in consumer.partitions_for_topic(TOPIC)]
    consumer.assign(parts)
    consumer.seek_to_beginning()
    total = seen = 0
    while seen < count:
        for records in consumer.poll(timeout_ms=1000).values():
            total += sum(json.loads(record.value)["amount"] for record in records)
            seen += len(records)
    consumer.close()
    return total


def main(bootstrap, count):
    orders = [{"id": n, "amount": n % 20} for n in range(count)]
    for start in range(0, count, 100):
        call("messages", {"messages": [{"value": o, "key": f"customer-{o['id'] % 7}"} for o in orders[start:start + 100]]})
    tallies = {name: Tally(count) for name in ("payment", "inventory", "email")}
    workers = [threading.Thread(target=work, daemon=True, args=(
        name, tallies[name], pay if name == "payment" else lambda order, deliveries: "done"))
        for name in ("payment", "payment", "payment", "inventory", "inventory", "email")]
    for worker in workers:
        worker.start()
    for tally in tallies.values():
        if not tally.full.wait(120):
            return "not all orders were worked off in time"
    total, want = replay(bootstrap, count), sum(o["amount"] for o in orders)
    unpayable = sum(1 for o in orders if o["amount"] == 0)
    paid, refused = tallies["payment"].count("done"), tallies["payment"].count("hopeless")
    print(f"{count} orders: {paid} paid, {refused} refused, {tallies['inventory'].count('done')} reserved, "
          f"{tallies['email'].count('done')} mailed; {total} of {want} in the replay")
    if sum(tally.again for tally in tallies.values()) > 0:
        return "an order was worked off twice"
    return None if (total, refused, paid) == (want, unpayable, count - unpayable) else "the figures do not fit together"


if __name__ == "__main__":
    DOOR = sys.argv[1]
    sys.exit(main(sys.argv[2], int(sys.argv[3])))
