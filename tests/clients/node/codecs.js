'use strict'
// The codecs that kafkajs leaves to its user, from packages that ship their binaries in the registry.
const { CompressionTypes, CompressionCodecs } = require('kafkajs')
const snappy = require('snappy')
const lz4 = require('lz4-napi')
const zstd = require('@bokuweb/zstd-wasm')

const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const ZSTD_MAX_BYTES = 64 << 20

// Java clients frame snappy in blocks behind a 16-byte head; other clients write it raw. Both are legal.
async function unsnappy(buffer) {
  if (!buffer.subarray(0, 8).equals(XERIAL)) return snappy.uncompress(buffer, { asBuffer: true })
  const parts = []
  for (let at = 16; at < buffer.length;) {
    const size = buffer.readUInt32BE(at)
    parts.push(await snappy.uncompress(buffer.subarray(at + 4, at + 4 + size), { asBuffer: true }))
    at += 4 + size
  }
  return Buffer.concat(parts)
}

async function register() {
  await zstd.init()
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: async encoder => snappy.compress(encoder.buffer),
    decompress: unsnappy,
  })
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: async encoder => lz4.compressFrame(encoder.buffer),
    decompress: async buffer => lz4.decompressFrame(buffer),
  })
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async encoder => Buffer.from(zstd.compress(encoder.buffer)),
    decompress: async buffer => Buffer.from(zstd.decompress(buffer, { defaultHeapSize: ZSTD_MAX_BYTES })),
  })
}

module.exports = { register }
