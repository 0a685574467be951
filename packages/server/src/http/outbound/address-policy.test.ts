// Goal: requests of the server reach public addresses and what the operator allows, and nothing else (attack M06).
// Method: a table of addresses in every disguise.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressPolicy, isLoopback } from './address-policy.ts'

const refused = [
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '192.0.0.8',
  '192.0.2.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:10.1.2.3',
  '::FFFF:169.254.169.254',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fec0::1',
  'fc00::1',
  'fd12:3456::1',
  'ff02::1',
  '2002:7f00:1::',
  '2002:808:808::1',
  '2001::1',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  '2001:db8::1',
  '3fff::1',
  '100::1',
  '64:ff9b::127.0.0.1',
  '64:ff9b::10.0.0.1',
  '64:ff9b:1::1',
  'localhost',
  '',
  '1.2.3',
  '2130706433',
  '0x7f.0.0.1',
]
const allowed = [
  '8.8.8.8',
  '1.1.1.1',
  '100.63.255.255',
  '100.128.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '169.253.0.1',
  '192.169.0.1',
  '198.17.0.1',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450:4001::1',
  '64:ff9b::8.8.8.8',
  '::ffff:8.8.8.8',
]

test('only public addresses are reached', () => {
  const policy = new AddressPolicy([])
  for (const address of refused) assert.equal(policy.allows(address), false, address)
  for (const address of allowed) assert.equal(policy.allows(address), true, address)
})

test('the operator can open ranges', () => {
  const policy = new AddressPolicy([
    { address: '10.1.0.0', prefix: 16, family: 'ipv4' },
    { address: 'fd00::', prefix: 9, family: 'ipv6' },
    { address: '::ffff:192.168.0.0', prefix: 112, family: 'ipv6' },
  ])
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', 'fd00::1', 'fd7f::1', '192.168.3.4']) {
    assert.equal(policy.allows(address), true, address)
  }
  for (const address of ['10.2.0.1', 'fd80::1', '127.0.0.1']) assert.equal(policy.allows(address), false, address)
})

test('loopback is told apart', () => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) assert.equal(isLoopback(address), true, address)
  for (const address of ['10.0.0.1', '::', '::2', '128.0.0.1', 'localhost']) assert.equal(isLoopback(address), false, address)
})
