#!/usr/bin/env node
// The benchmark's plugin for Node, without packages: it sends back an empty element
// of the name that it was asked with.
'use strict'

function answer({ id, method, params }) {
  if (method !== 'iq') return { jsonrpc: '2.0', id, error: { code: -32601, message: `no method ${method}` } }
  return { jsonrpc: '2.0', id, result: { payload: `<${params.name} xmlns='${params.namespace}'/>` } }
}

require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line)
  if (request.id !== undefined) process.stdout.write(JSON.stringify(answer(request)) + '\n') // without an id it is a notification
})
