"""kafka-python behind the test agents' line protocol: agent_kafka_python.py BOOTSTRAP."""
import sys
import time

import kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.errors import KafkaConnectionError
from kafka.structs import OffsetAndMetadata

import wire

MAX_BYTES = 16 << 20

ASSIGNORS = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor, "sticky": StickyPartitionAssignor,
             "cooperative": CooperativeStickyAssignor}

# A poll that ends while a rebalance is under way can leave kafka-python 3.0.12 in the group without partitions for
# good: its second half is dropped. So a poll takes longer than rebalances here do; records end it at once.
GROUP_POLL_MS = 2000


class Revoked(ConsumerRebalanceListener):
    def __init__(self, client):
        self.client = client

    def on_partitions_assigned(self, assigned):
        pass

    def on_partitions_revoked(self, revoked):
        if self.client.member:
            self.client.member.on_revoked([tp.partition for tp in revoked])


class Client:
    def __init__(self, bootstrap):
        self.bootstrap, self.producers, self.transactors, self.member = bootstrap, {}, {}, None

    def hello(self, q):
        return {"version": kafka.__version__, "codecs": ["none", "gzip", "snappy", "lz4", "zstd"],
                "can": ["admin", "idempotent", "static", "cooperative", "headers"]}

    def create(self, q):
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        admin.create_topics([NewTopic(q["topic"], q["partitions"], 1, topic_configs=q["config"])])
        admin.close()

    def delete(self, q):
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        admin.delete_topics([q["topic"]])
        admin.close()

    def producer(self, codec):
        if codec not in self.producers:
            self.producers[codec] = KafkaProducer(
                bootstrap_servers=self.bootstrap, compression_type=None if codec == "none" else codec,
                enable_idempotence=True, max_request_size=MAX_BYTES, linger_ms=5)
        return self.producers[codec]

    def produce(self, q):
        p = self.producer(q["codec"])
        sent = [p.send(q["topic"], key=wire.dec(r["k"]), value=wire.dec(r["v"]), headers=wire.headers(r),
                       partition=None if r["p"] < 0 else r["p"], timestamp_ms=r["t"] if r["t"] > 0 else None)
                for r in q["records"]]
        p.flush(60)
        got = [f.get(60) for f in sent]
        return {"offsets": [m.offset for m in got], "partitions": [m.partition for m in got]}

    def transactor(self, q):
        if q["id"] not in self.transactors:
            p = KafkaProducer(bootstrap_servers=self.bootstrap, transactional_id=q["id"])
            p.init_transactions()
            self.transactors[q["id"]] = p
        return self.transactors[q["id"]]

    def begin(self, q):
        p = self.transactor(q)
        p.begin_transaction()
        sent = [p.send(q["topic"], value=wire.dec(r["v"]), partition=r["p"]) for r in q["records"]]
        p.flush(60)
        for f in sent:
            f.get(60)
        if q.get("group"):
            at = {TopicPartition(q["topic"], q["partition"]): OffsetAndMetadata(q["from"], "", -1)}
            p.send_offsets_to_transaction(at, q["group"])

    def end(self, q):
        p = self.transactor(q)
        p.commit_transaction() if q["commit"] else p.abort_transaction()

    def consumer(self, q):
        c = dict(bootstrap_servers=self.bootstrap, group_id=q.get("group"), enable_auto_commit=False,
                 auto_offset_reset="earliest", fetch_max_wait_ms=100, max_partition_fetch_bytes=MAX_BYTES)
        if q.get("session_ms"):
            c.update(session_timeout_ms=q["session_ms"], heartbeat_interval_ms=500)
        if q.get("isolation"):
            c["isolation_level"] = q["isolation"]
        if q.get("instance"):
            c["group_instance_id"] = q["instance"]
        if q.get("assignor"):
            c["partition_assignment_strategy"] = [ASSIGNORS[q["assignor"]]]
        if q.get("regex"):
            c["metadata_max_age_ms"] = 1000
        return KafkaConsumer(**c)

    def lookup(self, c, q):
        tp = TopicPartition(q["topic"], q["partition"])
        if q["at"] == -1:
            return c.end_offsets([tp])[tp]
        if q["at"] == -2:
            return c.beginning_offsets([tp])[tp]
        found = c.offsets_for_times({tp: q["at"]})[tp]
        return -1 if found is None else found.offset

    def offset(self, q):
        c = self.consumer(q)
        try:
            return {"offset": self.lookup(c, q)}
        finally:
            c.close()

    @staticmethod
    def drain(c, wait_ms, limit):
        got = c.poll(timeout_ms=wait_ms, max_records=limit)
        return [wire.record(r.partition, r.offset, r.timestamp, r.key, r.value, r.headers)
                for rs in got.values() for r in rs]

    def fetch(self, q):
        c, out = self.consumer(q), []
        try:
            tp = TopicPartition(q["topic"], q["partition"])
            c.assign([tp])
            c.seek(tp, q["from"] if q.get("at") is None else self.lookup(c, q))
            deadline = time.monotonic() + q["wait_ms"] / 1000
            while len(out) < q["count"] and time.monotonic() < deadline:
                out += self.drain(c, 200, q["count"] - len(out))
            return {"records": out}
        finally:
            c.close()

    def committed(self, q):
        c = self.consumer(q)
        try:
            o = c.committed(TopicPartition(q["topic"], q["partition"]))
            return {"offset": -1 if o is None else o}
        finally:
            c.close()

    def join(self, q):
        c = self.group = self.consumer(q)
        self.topic = q["topic"]
        if q.get("regex"):
            c.subscribe(pattern="^" + q["regex"] + "$", listener=Revoked(self))
        else:
            c.subscribe([q["topic"]], listener=Revoked(self))

        def poll():
            try:
                return self.drain(c, GROUP_POLL_MS, 500)
            except KafkaConnectionError:  # a broker that is away: its user polls again
                time.sleep(0.1)
                return []
        self.member = wire.Member(poll, lambda: [tp.partition for tp in c.assignment()])

    def state(self, q):
        return self.member.state()

    def commit(self, q):
        def run():
            self.group.commit({TopicPartition(self.topic, p): OffsetAndMetadata(o, "", -1)
                               for p, o in self.member.next.items()})
        self.member.order(run)

    def leave(self, q):
        self.member.leave(lambda: self.group.close(autocommit=False))


wire.serve(Client(sys.argv[1]))
