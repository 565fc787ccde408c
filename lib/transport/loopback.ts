import { isIPv4 } from 'node:net';

/** Whether `host` (a name or an address, IPv6 also in brackets) can only be this machine: `localhost` (RFC 6761 §6.3), 127.0.0.0/8, `::1`. */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^\[(.*)\]$/u, '$1').toLowerCase();
  return plain === 'localhost' || plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
}
