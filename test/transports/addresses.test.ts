import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AddressClass, addressClass, mayReach } from '../../lib/transports/addresses.ts';

describe('addressClass', () => {
  test.each<[string, AddressClass]>([
    ['93.184.216.34', 'public'],
    ['8.8.8.8', 'public'],
    ['172.15.255.255', 'public'],
    ['172.32.0.0', 'public'],
    ['2606:4700::6810:84e5', 'public'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['::ffff:8.8.8.8', 'public'],
    ['127.0.0.1', 'private'],
    ['127.255.255.255', 'private'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['100.127.255.255', 'private'],
    ['198.19.0.1', 'private'],
    ['::1', 'private'],
    ['fc00::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['fec0::1', 'private'],
    ['::ffff:127.0.0.1', 'private'],
    ['::ffff:7f00:1', 'private'],
    ['0:0:0:0:0:ffff:0a00:0001', 'private'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['64:ff9b::a00:1', 'private'],
    ['0.0.0.0', 'refused'],
    ['0.1.2.3', 'refused'],
    ['169.254.169.254', 'refused'],
    ['169.254.170.2', 'refused'],
    ['100.100.100.200', 'refused'],
    ['168.63.129.16', 'refused'],
    ['192.0.0.192', 'refused'],
    ['192.0.2.1', 'refused'],
    ['198.51.100.1', 'refused'],
    ['203.0.113.1', 'refused'],
    ['224.0.0.1', 'refused'],
    ['239.255.255.255', 'refused'],
    ['240.0.0.1', 'refused'],
    ['255.255.255.255', 'refused'],
    ['::', 'refused'],
    ['::7f00:1', 'refused'],
    ['::127.0.0.1', 'refused'],
    ['fe80::1', 'refused'],
    ['fe80::1%eth0', 'refused'],
    ['febf::1', 'refused'],
    ['ff02::1', 'refused'],
    ['fd00:ec2::254', 'refused'],
    ['fd20:ce::254', 'refused'],
    ['2001::1', 'refused'],
    ['2001:db8::1', 'refused'],
    ['2002:7f00:1::', 'refused'],
    ['3fff::1', 'refused'],
    ['64:ff9b:1::1', 'refused'],
    ['64:ff9b::169.254.169.254', 'refused'],
    ['::ffff:169.254.169.254', 'refused'],
    ['::ffff:0:127.0.0.1', 'refused'],
    ['100::1', 'refused'],
    ['not-an-address', 'refused'],
    ['', 'refused'],
    ['127.1', 'refused'],
  ])('reads %s as %s', (address, expected) => {
    expect(addressClass(address)).toBe(expected);
  });

  const octet = fc.integer({ min: 0, max: 255 });
  const localQuad = fc
    .tuple(
      fc.constantFrom('127', '10', '192.168', '172.16', '172.31', '169.254', '100.64', '0', '224', '255'),
      octet,
      octet,
      octet,
    )
    .map(([head, b, c, d]) => [...head.split('.'), String(b), String(c), String(d)].slice(0, 4).map(Number));

  test('any local IPv4 address is refused in every spelling a URL accepts', () => {
    fc.assert(
      fc.property(localQuad, (quad) => {
        const [a = 0, b = 0, c = 0, d = 0] = quad;
        const whole = ((a * 256 + b) * 256 + c) * 256 + d;
        const hex = (n: number) => `0x${n.toString(16)}`;
        const octal = (n: number) => `0${n.toString(8)}`;
        const spellings = [
          quad.join('.'),
          String(whole),
          hex(whole),
          octal(whole),
          quad.map(hex).join('.'),
          quad.map(octal).join('.'),
          `${a}.${b}.${c * 256 + d}`,
          `${a}.${(b * 256 + c) * 256 + d}`,
          `${quad.join('.')}.`,
          `[::ffff:${quad.join('.')}]`,
          `[::${quad.join('.')}]`,
          `[64:ff9b::${quad.join('.')}]`,
          `[2002:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}::1]`,
          quad.join('.').replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
        ];
        for (const spelling of spellings) {
          const { hostname } = new URL(`http://${spelling}/`);
          expect(mayReach(hostname.replace(/^\[|\]$/g, ''), false), `${spelling} → ${hostname}`).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('an IPv4 address is judged the same when it is mapped or behind NAT64', () => {
    fc.assert(
      fc.property(fc.tuple(octet, octet, octet, octet), (quad) => {
        const plain = quad.join('.');
        expect(addressClass(`::ffff:${plain}`)).toBe(addressClass(plain));
        expect(addressClass(`64:ff9b::${plain}`)).toBe(addressClass(plain));
      }),
      { numRuns: 2000 },
    );
  });

  test('link-local and metadata addresses stay refused when the private network is allowed', () => {
    for (const address of ['169.254.169.254', 'fe80::1', 'fd00:ec2::254', '::ffff:169.254.169.254'])
      expect(mayReach(address, true)).toBe(false);
    for (const address of ['127.0.0.1', '::1', '10.0.0.1', 'fd12::1']) expect(mayReach(address, true)).toBe(true);
  });
});
