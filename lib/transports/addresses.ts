import { BlockList, isIP } from 'node:net';

/** `public`: any connection may reach it. `private`: only with `allow_private_network`. `refused`: never. */
export type AddressClass = 'public' | 'private' | 'refused';

type Range = readonly [address: string, prefix: number];

/** Loopback, RFC 1918, carrier-grade NAT and benchmarking: somebody may well run a CI server there. */
const private4: readonly Range[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
];

/** Nothing one polls lives here: unspecified, link-local and cloud metadata, protocol assignments, documentation, multicast, reserved. */
const refused4: readonly Range[] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  // Metadata outside link-local: Alibaba (inside carrier-grade NAT) and Azure's wire server (inside public space).
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Loopback, unique local, site-local. */
const private6: readonly Range[] = [
  ['::1', 128],
  ['fc00::', 7],
  ['fec0::', 10],
];

/** Amazon's and Google's metadata inside unique local space; protocol assignments with Teredo, documentation, 6to4. */
const refused6: readonly Range[] = [
  ['fd00:ec2::', 32],
  ['fd20:ce::254', 128],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

/** IPv6 is an allow list: global unicast. What is in none of these ranges (`::`, `fe80::/10`, `ff00::/8`, …) is refused. */
const public6: readonly Range[] = [['2000::', 3]];

/** IPv6 spellings that reach an IPv4 host, judged by that host: mapped, and NAT64, which IPv6-only networks use for every IPv4 name. */
const embeddings = ['::ffff:', '64:ff9b::'];
const embedded = (ranges: readonly Range[]): Range[] =>
  embeddings.flatMap((prefix) => ranges.map(([address, length]): Range => [prefix + address, 96 + length]));

const listOf = (family: 'ipv4' | 'ipv6', ranges: readonly Range[]): BlockList => {
  const list = new BlockList();
  for (const [address, prefix] of ranges) list.addSubnet(address, prefix, family);
  return list;
};

// One list a family: a mixed list compares IPv4 addresses with IPv6 ranges too.
const lists = {
  ipv4: {
    refused: listOf('ipv4', refused4),
    private: listOf('ipv4', private4),
    public: listOf('ipv4', [['0.0.0.0', 0]]),
  },
  ipv6: {
    refused: listOf('ipv6', [...refused6, ...embedded(refused4)]),
    private: listOf('ipv6', [...private6, ...embedded(private4)]),
    public: listOf('ipv6', [...public6, ...embedded([['0.0.0.0', 0]])]),
  },
};

/** Classifies an IPv4 or IPv6 address in canonical or any other spelling `inet_pton` reads; what is no address is refused. Source: IANA special-purpose registries. */
export function addressClass(address: string): AddressClass {
  const zone = address.indexOf('%');
  const plain = zone === -1 ? address : address.slice(0, zone);
  const version = isIP(plain);
  if (version === 0) return 'refused';
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = lists[family];
  if (list.refused.check(plain, family)) return 'refused';
  if (list.private.check(plain, family)) return 'private';
  return list.public.check(plain, family) ? 'public' : 'refused';
}

/** True when a connection with this setting may connect to `address`. */
export function mayReach(address: string, allow_private_network: boolean): boolean {
  const found = addressClass(address);
  return found === 'public' || (found === 'private' && allow_private_network);
}
