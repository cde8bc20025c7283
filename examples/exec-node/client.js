#!/usr/bin/env node
// What is my client called? A plugin of iqd that asks it before it answers.
'use strict'

const NS = 'urn:example:client'

const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n')

// Requests of our own, by their id, until iqd has an answer for us.
const asked = new Map()
let asks = 0

// ask sends an IQ through iqd.
function ask(params) {
  const id = `client-${++asks}`
  send({ id, method: 'iq', params })
  return new Promise((resolve, reject) => asked.set(id, { resolve, reject }))
}

class Refused extends Error {
  constructor(condition, text) {
    super(text)
    this.data = { condition, text }
  }
}

// iq returns the payload of the answer. Meanwhile others are served.
async function iq({ from }) {
  let answer
  try {
    answer = await ask({ type: 'get', to: from, timeout_ms: 5000, payload: "<query xmlns='jabber:iq:version'/>" })
  } catch (e) {
    throw new Refused('recipient-unavailable', `your client does not say: ${e.data?.condition ?? e.message}`)
  }
  return `<client xmlns='${NS}'>${answer.payload}</client>`
}

async function serve({ id, method, params }) {
  if (id === undefined) return // a notification
  if (method !== 'iq') return send({ id, error: { code: -32601, message: `no method ${method}` } })
  try {
    send({ id, result: { payload: await iq(params) } })
  } catch (e) {
    if (!e.data) console.error(e) // a bug of ours: for the log
    send({ id, error: { code: 1, message: e.message, data: e.data } })
  }
}

// settle takes the answer to a request of our own.
function settle({ id, result, error }) {
  const { resolve, reject } = asked.get(id) ?? {}
  asked.delete(id)
  if (error) reject?.(Object.assign(new Error(error.message), { data: error.data }))
  else resolve?.(result)
}

require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line)
  message.method ? serve(message) : settle(message)
})
