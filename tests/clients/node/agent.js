'use strict'
// kafkajs behind the test agents' line protocol: node agent.js BOOTSTRAP. One JSON request per line in, one JSON
// answer out; bytes are base64, no bytes is null. See agent.go in the folder above for the operations.
const readline = require('readline')
const { Kafka, CompressionTypes, PartitionAssigners, logLevel } = require('kafkajs')
const codecs = require('./codecs')

const MAX_BYTES = 16 << 20
const TYPES = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}
const kafka = new Kafka({ clientId: 'agent', brokers: [process.argv[2]], logLevel: logLevel.NOTHING, retry: { retries: 20 } })

const bytes = s => (s === null || s === undefined ? null : Buffer.from(s, 'base64'))
const text = b => (b === null || b === undefined ? null : Buffer.from(b).toString('base64'))

function toMessage(r) {
  const m = { key: bytes(r.k), value: bytes(r.v) }
  if (r.p >= 0) m.partition = r.p
  if (r.t > 0) m.timestamp = String(r.t)
  // kafkajs keeps headers as an object: a repeated key is a list, and order is kept per key.
  for (const [k, v] of r.h || []) {
    m.headers = m.headers || {}
    m.headers[k] = k in m.headers ? [].concat(m.headers[k], bytes(v)) : bytes(v)
  }
  return m
}

function toRecord(partition, m) {
  const h = []
  for (const [k, v] of Object.entries(m.headers || {})) {
    for (const one of Array.isArray(v) ? v : [v]) h.push([k, text(one)])
  }
  return { p: partition, o: Number(m.offset), t: Number(m.timestamp), k: text(m.key), v: text(m.value), h }
}

async function withAdmin(f) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await f(admin)
  } finally {
    await admin.disconnect()
  }
}

// patiently repeats what failed for a passing reason. kafkajs gives up at once where a coordinator loads or a topic is not
// known yet, although it calls the error retriable: its user asks again.
async function patiently(f) {
  const deadline = Date.now() + 30000
  for (;;) {
    try {
      return await f()
    } catch (e) {
      if (!(e.retriable || e.cause?.retriable) || Date.now() > deadline) throw e
      await new Promise(resolve => setTimeout(resolve, 200))
    }
  }
}

let producer = null
const transactors = new Map() // by transactional id: a producer, and its open transaction
let member = null
let unique = 0

async function begin(c, topic) {
  await c.connect()
  await c.subscribe({ topics: [topic], fromBeginning: true }) // a regular expression is looked up once, here
  await c.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      member.records.push(toRecord(partition, message))
      member.next.set(partition, Number(message.offset) + 1)
    },
  })
}

async function restart(c, topic) {
  member.assignment = []
  member.next.clear()
  try {
    await c.disconnect()
    await begin(c, topic)
  } catch (e) {
    setTimeout(() => restart(c, topic), 500)
  }
}

async function fetchFrom(q, from) {
  const c = kafka.consumer({
    groupId: `fetch-${q.topic}-${process.pid}-${unique++}`,
    maxBytesPerPartition: MAX_BYTES,
    readUncommitted: q.isolation === 'read_uncommitted',
  })
  const records = []
  try {
    await c.connect()
    await c.subscribe({ topics: [q.topic], fromBeginning: true })
    await new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, q.wait_ms)
      const done = () => { clearTimeout(timer); resolve() }
      c.on(c.events.CRASH, e => reject(e.payload.error))
      c.run({
        autoCommit: false,
        eachMessage: async ({ partition, message }) => {
          if (partition !== q.partition || Number(message.offset) < from || records.length >= q.count) return
          records.push(toRecord(partition, message))
          if (records.length === q.count) done()
        },
      }).catch(reject)
      c.seek({ topic: q.topic, partition: q.partition, offset: String(from) })
    })
  } finally {
    await c.disconnect()
  }
  return { records }
}

const ops = {
  async hello() {
    return {
      version: require('kafkajs/package.json').version,
      codecs: Object.keys(TYPES),
      can: ['admin', 'headers'],
    }
  },

  async create(q) {
    const configEntries = Object.entries(q.config).map(([name, value]) => ({ name, value }))
    await withAdmin(a => a.createTopics({
      waitForLeaders: false, // the suite waits, as its other clients do
      topics: [{ topic: q.topic, numPartitions: q.partitions, replicationFactor: 1, configEntries }],
    }))
  },

  async delete(q) {
    await withAdmin(a => a.deleteTopics({ topics: [q.topic] }))
  },

  async produce(q) {
    if (!producer) {
      producer = kafka.producer()
      await producer.connect()
    }
    const got = await producer.send({
      topic: q.topic, acks: -1, compression: TYPES[q.codec], messages: q.records.map(toMessage),
    })
    // One answer per partition with its base offset: records of one partition follow each other.
    const next = new Map(got.map(g => [g.partition, Number(g.baseOffset)]))
    const answer = { offsets: [], partitions: [] }
    for (const r of q.records) {
      const p = r.p >= 0 ? r.p : next.size === 1 ? next.keys().next().value : -1
      answer.partitions.push(p)
      answer.offsets.push(next.get(p) ?? -1)
      next.set(p, (next.get(p) ?? 0) + 1)
    }
    return answer
  },

  async begin(q) {
    if (!transactors.has(q.id)) {
      const p = kafka.producer({ transactionalId: q.id, maxInFlightRequests: 1, idempotent: true })
      await p.connect()
      transactors.set(q.id, { p, open: null })
    }
    const t = transactors.get(q.id)
    t.open = await t.p.transaction()
    await t.open.send({ topic: q.topic, acks: -1, messages: q.records.map(toMessage) })
    if (q.group) {
      const partitions = [{ partition: q.partition, offset: String(q.from) }]
      await patiently(() => t.open.sendOffsets({ consumerGroupId: q.group, topics: [{ topic: q.topic, partitions }] }))
    }
  },

  async end(q) {
    const { open } = transactors.get(q.id)
    await (q.commit ? open.commit() : open.abort())
  },

  async offset(q) {
    const offset = await patiently(() => withAdmin(async a => {
      const found = q.at >= 0 ? await a.fetchTopicOffsetsByTimestamp(q.topic, q.at) : await a.fetchTopicOffsets(q.topic)
      const mine = found.find(f => f.partition === q.partition)
      return q.at === -2 ? mine.low : q.at === -1 ? mine.high : mine.offset
    }))
    return { offset: Number(offset) }
  },

  async fetch(q) {
    const from = q.at === undefined || q.at === null ? q.from : (await ops.offset(q)).offset
    return patiently(() => fetchFrom(q, from))
  },

  async committed(q) {
    const got = await patiently(() => withAdmin(a => a.fetchOffsets({ groupId: q.group, topics: [q.topic] })))
    return { offset: Number(got[0].partitions.find(p => p.partition === q.partition).offset) }
  },

  async join(q) {
    const c = kafka.consumer({
      groupId: q.group,
      sessionTimeout: q.session_ms || 30000,
      rebalanceTimeout: 30000,
      heartbeatInterval: 500,
      maxWaitTimeInMs: 200,
      maxBytesPerPartition: MAX_BYTES,
      partitionAssigners: [PartitionAssigners.roundRobin],
    })
    member = { c, topic: q.topic, records: [], assignment: [], revoked: 0, next: new Map() }
    c.on(c.events.GROUP_JOIN, e => { member.assignment = e.payload.memberAssignment[q.topic] || [] })
    c.on(c.events.REBALANCING, () => {
      member.revoked += member.assignment.length
      member.assignment = []
      member.next.clear()
    })
    // kafkajs gives up for good on a broker that is away for long ("failed to find group coordinator"): its user
    // starts it again.
    c.on(c.events.CRASH, e => { if (!e.payload.restart) setTimeout(() => restart(c, q.regex ? new RegExp(`^${q.regex}$`) : q.topic), 500) })
    await begin(c, q.regex ? new RegExp(`^${q.regex}$`) : q.topic)
  },

  async state() {
    return { records: member.records.splice(0), assignment: member.assignment, revoked: member.revoked }
  },

  async commit() {
    await member.c.commitOffsets([...member.next].map(([partition, offset]) => (
      { topic: member.topic, partition, offset: String(offset) })))
  },

  async leave() {
    await member.c.disconnect()
  },
}

async function main() {
  await codecs.register()
  const input = readline.createInterface({ input: process.stdin, crlfDelay: Infinity })
  for await (const line of input) {
    const q = JSON.parse(line)
    let answer
    try {
      answer = (await ops[q.op](q)) || {}
    } catch (e) {
      answer = { error: `${e.name}: ${e.message}` }
    }
    process.stdout.write(JSON.stringify(answer) + '\n')
  }
  process.exit(0)
}

main()
