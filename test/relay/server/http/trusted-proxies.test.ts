import { describe, expect, test } from 'vitest';
import { proxyAddress, TrustedProxies } from '../../../../relay/server/http/trusted-proxies.ts';
import { ScriptedNode } from '../../../support/relay/scripted-node.ts';
import { start } from '../../../support/relay/stage.ts';

const publicUrl = new URL('https://relay.example/');
const trusting = (...texts: string[]) => new TrustedProxies(texts.map(proxyAddress), null);

test('a proxy is an address or a subnet', () => {
  expect(proxyAddress('10.0.0.5')).toEqual({ family: 'ipv4', address: '10.0.0.5', prefix: 32 });
  expect(proxyAddress('10.0.0.0/24')).toEqual({ family: 'ipv4', address: '10.0.0.0', prefix: 24 });
  expect(proxyAddress('2001:DB8::/48')).toEqual({ family: 'ipv6', address: '2001:DB8::', prefix: 48 });
});

test.each([
  '',
  ' 10.0.0.5',
  'proxy.example',
  '10.0.0',
  '10.0.0.256',
  '010.0.0.5',
  '10.0.0.5:80',
  '10.0.0.0/',
  '10.0.0.0/33',
  '10.0.0.0/024',
  '10.0.0.0/-1',
  '0.0.0.0/0',
  '0.0.0.0/7',
  '::/0',
  '2001:db8::/129',
  'fe80::1%eth0',
  '::ffff:10.0.0.5',
  '[2001:db8::1]',
  '10.0.0.5,10.0.0.6',
])('%j is no address of a proxy', (text) => {
  expect(() => proxyAddress(text)).toThrow(expect.objectContaining({ code: 'usage.trust-proxy' }));
});

describe('the client of a request', () => {
  test('is the one that a proxy of this machine names last, if the relay has a public URL', () => {
    const proxied = new TrustedProxies([], publicUrl);
    expect(proxied.clientOf('127.0.0.1', '192.0.2.9, 198.51.100.7')).toBe('198.51.100.7');
    expect(proxied.clientOf('::ffff:127.0.0.1', '2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(proxied.clientOf('::1', '198.51.100.7')).toBe('198.51.100.7');
    expect(proxied.clientOf('127.0.0.1', 'nonsense')).toBe('127.0.0.1');
    expect(proxied.clientOf('127.0.0.1', undefined)).toBe('127.0.0.1');
    expect(proxied.clientOf('203.0.113.5', '198.51.100.7')).toBe('203.0.113.5');
    expect(trusting().clientOf('127.0.0.1', '198.51.100.7')).toBe('127.0.0.1');
  });

  test('is the one that a trusted proxy of another machine names, and any other peer is itself', () => {
    const proxies = trusting('203.0.113.5', '2001:db8:1::/48');
    expect(proxies.clientOf('203.0.113.5', '198.51.100.7')).toBe('198.51.100.7');
    expect(proxies.clientOf('::ffff:203.0.113.5', '198.51.100.7')).toBe('198.51.100.7');
    expect(proxies.clientOf('2001:db8:1:2::3', '198.51.100.7')).toBe('198.51.100.7');
    expect(proxies.clientOf('203.0.113.6', '198.51.100.7')).toBe('203.0.113.6');
    expect(proxies.clientOf('2001:db8:2::3', '198.51.100.7')).toBe('2001:db8:2:0::/64');
    expect(proxies.clientOf(undefined, '198.51.100.7')).toBe('unknown');
  });

  test('is found behind several proxies, and nothing that it wrote itself counts', () => {
    const proxies = trusting('203.0.113.0/24');
    expect(proxies.clientOf('203.0.113.5', '192.0.2.9, 198.51.100.7, 203.0.113.6')).toBe('198.51.100.7');
    expect(proxies.clientOf('203.0.113.5', '203.0.113.7, 203.0.113.6')).toBe('203.0.113.7');
    expect(proxies.clientOf('203.0.113.5', '198.51.100.7, x, 203.0.113.6')).toBe('203.0.113.6');
  });
});

test('a relay counts the nodes of a trusted proxy by client, and those of any other by the peer', async () => {
  const join = async (relay: URL, client: string) => {
    const node = await ScriptedNode.connect(relay, { socket: { headers: { 'x-forwarded-for': client } } });
    await node.sendJoin({});
    return node.next('welcome').then(
      () => 'joined',
      () => 'refused',
    );
  };
  const trustedProxies = [proxyAddress('127.0.0.1')];
  for (const [options, second] of [
    [{ trustedProxies }, 'joined'],
    [{}, 'refused'],
  ] as const) {
    const relay = await start(options, { seatsPerAddress: 1 });
    expect(await join(relay.url, '198.51.100.7')).toBe('joined');
    expect(await join(relay.url, '198.51.100.8')).toBe(second);
    expect(await join(relay.url, '198.51.100.7')).toBe('refused');
  }
});
