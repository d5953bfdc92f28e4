"""confluent-kafka (librdkafka) behind the test agents' line protocol: agent_confluent.py BOOTSTRAP."""
import sys
import threading
import time

import confluent_kafka as ck
from confluent_kafka.admin import AdminClient, NewTopic

import wire

MAX_BYTES = 16 << 20


class Worker:
    """A group member as a careful user writes one: it commits what it received after every poll, and before it gives partitions
    up. It keeps a diary in a file, one line "KIND PARTITION OFFSET NANOSECONDS" for each thing that happens, which outlives the
    process."""

    def __init__(self, consumer, topic, diary):
        self.consumer, self.topic, self.diary = consumer, topic, open(diary, "w")
        self.uncommitted = {}  # only the loop touches it
        self.leaving, self.failure = False, None
        consumer.subscribe([topic], on_assign=self.own, on_revoke=self.revoked, on_lost=self.lost)
        self.loop = threading.Thread(target=self.run, daemon=True)
        self.loop.start()

    def note(self, kind, partition, offset=-1):
        self.diary.write("%s %d %d %d\n" % (kind, partition, offset, time.time_ns()))

    def run(self):
        try:
            while not self.leaving:
                for m in self.consumer.consume(500, 0.05):
                    if not m.error():
                        self.note("got", m.partition(), m.offset())
                        self.uncommitted[m.partition()] = m.offset() + 1
                self.commit_now(list(self.uncommitted))
            self.consumer.close()
        except Exception as e:
            self.failure = e
        finally:
            self.diary.close()

    def commit_now(self, partitions):
        """Commits these; a rebalance may come between, and then they stay uncommitted."""
        offsets = [ck.TopicPartition(self.topic, p, self.uncommitted[p]) for p in partitions if p in self.uncommitted]
        self.diary.flush()
        if not offsets:
            return
        try:
            done = self.consumer.commit(offsets=offsets, asynchronous=False)
        except ck.KafkaException:
            return
        for tp in done:
            if not tp.error:
                self.note("commit", tp.partition, tp.offset)
                self.uncommitted.pop(tp.partition)
        self.diary.flush()

    def own(self, _, tps):
        for tp in tps:
            self.note("own", tp.partition)

    def revoked(self, consumer, tps):
        self.commit_now([tp.partition for tp in tps])
        self.lost(consumer, tps)

    def lost(self, _, tps):
        for tp in tps:
            self.uncommitted.pop(tp.partition, None)
            self.note("lose", tp.partition)

    def state(self):
        if self.failure:
            raise self.failure
        return {"records": [], "assignment": [tp.partition for tp in self.consumer.assignment()]}

    def leave(self, _):
        self.leaving = True
        self.loop.join(60)
        if self.failure:
            raise self.failure


class Sharer:
    """One member of a share group, which does what it is told and nothing in between."""

    def __init__(self, bootstrap, q):
        self.topic = q["topic"]
        settings = {"bootstrap.servers": bootstrap, "group.id": q["group"],
                    "share.acknowledgement.mode": "explicit" if q.get("explicit") else "implicit"}
        if q.get("max"):
            settings["max.poll.records"] = q["max"]
        self.consumer = ck.ShareConsumer(settings)
        self.consumer.subscribe([self.topic])

    def poll(self, q):
        """Takes what comes within a time, once something has come."""
        out, deadline = [], time.monotonic() + q["wait_ms"] / 1000
        while not out and time.monotonic() < deadline:
            for m in self.consumer.poll(0.2):
                r = Client.message(m)
                r["n"] = m.delivery_count()
                out.append(r)
        return {"records": out}

    def acknowledge(self, q):
        """Acknowledges records of the last poll, and returns when the broker has answered."""
        for a in q["acks"]:
            self.consumer.acknowledge_offset(self.topic, a["p"], a["o"], getattr(ck.AcknowledgeType, a["type"].upper()))
        for failed in self.consumer.commit_sync(30).values():
            if failed:
                raise failed


class Client:
    def __init__(self, bootstrap):
        self.bootstrap, self.producers, self.transactors, self.member = bootstrap, {}, {}, None
        self.sharers = {}
        self.admin = AdminClient({"bootstrap.servers": bootstrap})

    def hello(self, q):
        return {"version": "%s (librdkafka %s)" % (ck.version(), ck.libversion()[0]),
                "codecs": ["none", "gzip", "snappy", "lz4", "zstd"],
                "can": ["admin", "idempotent", "static", "cooperative", "headers"]}

    def create(self, q):
        t = NewTopic(q["topic"], q["partitions"], config=q["config"])
        self.admin.create_topics([t])[q["topic"]].result(30)

    def delete(self, q):
        self.admin.delete_topics([q["topic"]])[q["topic"]].result(30)

    def producer(self, codec):
        if codec not in self.producers:
            self.producers[codec] = ck.Producer({
                "bootstrap.servers": self.bootstrap, "compression.type": codec, "enable.idempotence": True,
                "message.max.bytes": MAX_BYTES, "linger.ms": 5})
        return self.producers[codec]

    def produce(self, q):
        p, reports = self.producer(q["codec"]), []
        for i, r in enumerate(q["records"]):
            def done(err, m, i=i):
                reports.append((i, err, m))
            where = {} if r["p"] < 0 else {"partition": r["p"]}
            p.produce(q["topic"], key=wire.dec(r["k"]), value=wire.dec(r["v"]), headers=wire.headers(r),
                      timestamp=max(r["t"], 0), on_delivery=done, **where)
            p.poll(0)
        p.flush(60)
        reports.sort(key=lambda x: x[0])
        for _, err, _ in reports:
            if err:
                raise ck.KafkaException(err)
        if len(reports) != len(q["records"]):
            raise RuntimeError("%d of %d records reported" % (len(reports), len(q["records"])))
        return {"offsets": [m.offset() for _, _, m in reports], "partitions": [m.partition() for _, _, m in reports]}

    def transactor(self, q):
        if q["id"] not in self.transactors:
            p = ck.Producer({"bootstrap.servers": self.bootstrap, "transactional.id": q["id"]})
            p.init_transactions(60)
            self.transactors[q["id"]] = p
        return self.transactors[q["id"]]

    def begin(self, q):
        p, reports = self.transactor(q), []
        p.begin_transaction()
        for r in q["records"]:
            p.produce(q["topic"], value=wire.dec(r["v"]), partition=r["p"], on_delivery=lambda err, _: reports.append(err))
        p.flush(60)
        for err in reports:
            if err:
                raise ck.KafkaException(err)
        if q.get("group"):
            c = self.consumer(q)
            try:
                p.send_offsets_to_transaction([ck.TopicPartition(q["topic"], q["partition"], q["from"])],
                                              c.consumer_group_metadata(), 60)
            finally:
                c.close()

    def end(self, q):
        p = self.transactor(q)
        p.commit_transaction(60) if q["commit"] else p.abort_transaction(60)

    def consumer(self, q):
        c = {"bootstrap.servers": self.bootstrap, "group.id": q.get("group") or "unused",
             "enable.auto.commit": False, "auto.offset.reset": "earliest", "fetch.message.max.bytes": MAX_BYTES,
             "receive.message.max.bytes": 64 << 20, "fetch.max.bytes": 32 << 20}
        if q.get("protocol") == "consumer":
            c["group.protocol"] = "consumer"
        elif q.get("session_ms"):
            c.update({"session.timeout.ms": q["session_ms"], "heartbeat.interval.ms": 500})
        if q.get("isolation"):
            c["isolation.level"] = q["isolation"]
        if q.get("instance"):
            c["group.instance.id"] = q["instance"]
        if q.get("regex"):
            c["topic.metadata.refresh.interval.ms"] = 1000
        if q.get("assignor"):
            key = "group.remote.assignor" if q.get("protocol") == "consumer" else "partition.assignment.strategy"
            c[key] = {"cooperative": "cooperative-sticky"}.get(q["assignor"], q["assignor"])
        return ck.Consumer(c)

    def lookup(self, c, q):
        tp = ck.TopicPartition(q["topic"], q["partition"])
        if q["at"] < 0:
            low, high = c.get_watermark_offsets(tp, timeout=30)
            return low if q["at"] == -2 else high
        tp.offset = q["at"]
        found = c.offsets_for_times([tp], timeout=30)[0]
        if found.error:
            raise ck.KafkaException(found.error)
        return found.offset

    def offset(self, q):
        c = self.consumer(q)
        try:
            return {"offset": self.lookup(c, q)}
        finally:
            c.close()

    def fetch(self, q):
        c, out = self.consumer(q), []
        try:
            at = q["from"] if q.get("at") is None else self.lookup(c, q)
            c.assign([ck.TopicPartition(q["topic"], q["partition"], at)])
            deadline = time.monotonic() + q["wait_ms"] / 1000
            while len(out) < q["count"] and time.monotonic() < deadline:
                m = c.poll(0.2)
                if m is not None:
                    out.append(self.message(m))
            return {"records": out}
        finally:
            c.close()

    @staticmethod
    def message(m):
        if m.error():
            raise ck.KafkaException(m.error())
        return wire.record(m.partition(), m.offset(), m.timestamp()[1], m.key(), m.value(), m.headers())

    def committed(self, q):
        c = self.consumer(q)
        try:
            o = c.committed([ck.TopicPartition(q["topic"], q["partition"])], timeout=30)[0].offset
            return {"offset": -1 if o < 0 else o}
        finally:
            c.close()

    def join(self, q):
        c = self.group = self.consumer(q)
        self.topic = q["topic"]
        if q.get("diary"):
            self.member = Worker(c, q["topic"], q["diary"])
            return

        def gone(_, tps):
            self.member.on_revoked([tp.partition for tp in tps])

        def poll():
            # An error here (a broker that is away, say) is librdkafka's own business: it retries.
            return [self.message(m) for m in c.consume(500, 0.05) if not m.error()]

        c.subscribe(["^" + q["regex"] + "$" if q.get("regex") else self.topic], on_revoke=gone, on_lost=gone)
        self.member = wire.Member(poll, lambda: [tp.partition for tp in c.assignment()])

    def state(self, q):
        return self.member.state()

    def commit(self, q):
        def run():
            self.group.commit(offsets=[ck.TopicPartition(self.topic, p, o) for p, o in self.member.next.items()],
                              asynchronous=False)
        self.member.order(run)

    def leave(self, q):
        self.member.leave(self.group.close)

    def share_open(self, q):
        self.sharers[q["member"]] = Sharer(self.bootstrap, q)

    def share_poll(self, q):
        return self.sharers[q["member"]].poll(q)

    def share_ack(self, q):
        self.sharers[q["member"]].acknowledge(q)

    def share_close(self, q):
        self.sharers.pop(q["member"]).consumer.close()


wire.serve(Client(sys.argv[1]))
