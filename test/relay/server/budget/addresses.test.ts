import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressGroup } from '../../../../relay/server/budget/addresses.ts';

describe('addressGroup', () => {
  test('an IPv4 address is its own group, also in IPv6 notation', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(addressGroup(address)).toBe(address);
        expect(addressGroup(`::ffff:${address}`)).toBe(address);
      }),
    );
  });

  test('all addresses of a /64 are one group, in any spelling', () => {
    expect(addressGroup('2001:db8:0:1::5')).toBe('2001:db8:0:1::/64');
    expect(addressGroup('2001:0DB8:0000:0001:ffff:1:2:3')).toBe('2001:db8:0:1::/64');
    expect(addressGroup('2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(addressGroup('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(addressGroup('::1')).toBe('0:0:0:0::/64');
    expect(addressGroup('2001:db8:0:2::5')).not.toBe(addressGroup('2001:db8:0:1::5'));
    expect(addressGroup(undefined)).toBe('unknown');
  });
});
