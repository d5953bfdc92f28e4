"""aiokafka behind the test agents' line protocol: agent_aiokafka.py BOOTSTRAP."""
import asyncio
import sys
import threading
import time

import aiokafka
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

import wire

MAX_BYTES = 16 << 20

ASSIGNORS = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor, "sticky": StickyPartitionAssignor}


class Revoked(ConsumerRebalanceListener):
    def __init__(self, client):
        self.client = client

    async def on_partitions_assigned(self, assigned):
        pass

    async def on_partitions_revoked(self, revoked):
        self.client.revoked += len(revoked)
        for tp in revoked:
            self.client.next.pop(tp, None)


class Client:
    """All of the client runs on one event loop in a thread of its own; requests are handed to it."""

    def __init__(self, bootstrap):
        self.bootstrap, self.producers, self.transactors, self.group = bootstrap, {}, {}, None
        self.records, self.next, self.revoked, self.failure = [], {}, 0, None
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def __getattr__(self, op):
        method = getattr(Client, "op_" + op)
        return lambda q: asyncio.run_coroutine_threadsafe(method(self, q), self.loop).result(150)

    async def op_hello(self, q):
        return {"version": aiokafka.__version__, "codecs": ["none", "gzip", "snappy", "lz4", "zstd"],
                "can": ["admin", "idempotent", "static", "headers"]}

    @staticmethod
    def check(code, response):
        if code != 0:
            raise RuntimeError("error %d: %s" % (code, response))

    async def op_create(self, q):
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            got = await admin.create_topics([NewTopic(q["topic"], q["partitions"], 1, topic_configs=q["config"])])
            self.check(got.topic_errors[0][1], got)
        finally:
            await admin.close()

    async def op_delete(self, q):
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            got = await admin.delete_topics([q["topic"]])
            self.check(got.topic_error_codes[0][1], got)
        finally:
            await admin.close()

    async def producer(self, codec):
        if codec not in self.producers:
            p = AIOKafkaProducer(
                bootstrap_servers=self.bootstrap, compression_type=None if codec == "none" else codec,
                enable_idempotence=True, max_request_size=MAX_BYTES, max_batch_size=1 << 20, linger_ms=5)
            await p.start()
            self.producers[codec] = p
        return self.producers[codec]

    async def op_produce(self, q):
        p = await self.producer(q["codec"])
        sent = [await p.send(q["topic"], key=wire.dec(r["k"]), value=wire.dec(r["v"]), headers=wire.headers(r),
                             partition=None if r["p"] < 0 else r["p"], timestamp_ms=r["t"] if r["t"] > 0 else None)
                for r in q["records"]]
        got = await asyncio.wait_for(asyncio.gather(*sent), 120)
        return {"offsets": [m.offset for m in got], "partitions": [m.partition for m in got]}

    async def transactor(self, q):
        if q["id"] not in self.transactors:
            p = AIOKafkaProducer(bootstrap_servers=self.bootstrap, transactional_id=q["id"])
            await p.start()
            self.transactors[q["id"]] = p
        return self.transactors[q["id"]]

    async def op_begin(self, q):
        p = await self.transactor(q)
        await p.begin_transaction()
        await asyncio.gather(*[await p.send(q["topic"], wire.dec(r["v"]), partition=r["p"]) for r in q["records"]])
        if q.get("group"):
            await p.send_offsets_to_transaction({TopicPartition(q["topic"], q["partition"]): q["from"]}, q["group"])

    async def op_end(self, q):
        p = await self.transactor(q)
        await (p.commit_transaction() if q["commit"] else p.abort_transaction())

    def consumer(self, q, *topics):
        c = dict(bootstrap_servers=self.bootstrap, group_id=q.get("group"), enable_auto_commit=False,
                 auto_offset_reset="earliest", fetch_max_wait_ms=100, max_partition_fetch_bytes=MAX_BYTES)
        if q.get("session_ms"):
            c.update(session_timeout_ms=q["session_ms"], heartbeat_interval_ms=500)
        if q.get("isolation"):
            c["isolation_level"] = q["isolation"]
        if q.get("instance"):
            c["group_instance_id"] = q["instance"]
        if q.get("assignor"):
            c["partition_assignment_strategy"] = (ASSIGNORS[q["assignor"]],)
        if q.get("regex"):
            c["metadata_max_age_ms"] = 1000
        return AIOKafkaConsumer(*topics, **c)

    async def lookup(self, c, q):
        tp = TopicPartition(q["topic"], q["partition"])
        if q["at"] == -1:
            return (await c.end_offsets([tp]))[tp]
        if q["at"] == -2:
            return (await c.beginning_offsets([tp]))[tp]
        found = (await c.offsets_for_times({tp: q["at"]}))[tp]
        return -1 if found is None else found.offset

    async def op_offset(self, q):
        async with self.consumer(q) as c:
            return {"offset": await self.lookup(c, q)}

    @staticmethod
    def messages(got):
        return [wire.record(r.partition, r.offset, r.timestamp, r.key, r.value, r.headers)
                for rs in got.values() for r in rs]

    async def op_fetch(self, q):
        out = []
        async with self.consumer(q) as c:
            tp = TopicPartition(q["topic"], q["partition"])
            c.assign([tp])
            c.seek(tp, q["from"] if q.get("at") is None else await self.lookup(c, q))
            deadline = time.monotonic() + q["wait_ms"] / 1000
            while len(out) < q["count"] and time.monotonic() < deadline:
                out += self.messages(await c.getmany(timeout_ms=200, max_records=q["count"] - len(out)))
        return {"records": out}

    async def op_committed(self, q):
        c = self.consumer(q)
        await c.start()
        try:
            o = await c.committed(TopicPartition(q["topic"], q["partition"]))
            return {"offset": -1 if o is None else o}
        finally:
            await c.stop()

    async def op_join(self, q):
        self.group, self.records, self.next, self.revoked = self.consumer(q), [], {}, 0
        if q.get("regex"):
            self.group.subscribe(pattern="^" + q["regex"] + "$", listener=Revoked(self))
        else:
            self.group.subscribe([q["topic"]], listener=Revoked(self))
        await self.group.start()
        self.task = self.loop.create_task(self.run())

    async def run(self):
        try:
            while True:
                got = await self.group.getmany(timeout_ms=50)
                for tp, rs in got.items():
                    self.next[tp] = rs[-1].offset + 1
                self.records += self.messages(got)
        except asyncio.CancelledError:
            pass
        except Exception as e:
            self.failure = e

    async def op_state(self, q):
        if self.failure:
            raise self.failure
        got, self.records = self.records, []
        return {"records": got, "assignment": [tp.partition for tp in self.group.assignment()],
                "revoked": self.revoked}

    async def op_commit(self, q):
        await self.group.commit(dict(self.next))

    async def op_leave(self, q):
        self.task.cancel()
        await self.group.stop()


wire.serve(Client(sys.argv[1]))
