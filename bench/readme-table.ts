/** The table of the README, made of a report. */
import { UsageError } from '../lib/index.js';
import { numberText, ratioText } from './number-text.js';
import type { Figure, Report } from './report.js';

const [begin, end] = ['<!-- bench: begin -->', '<!-- bench: end -->'];

/** What stands in the table: the figure's name, of which suite or algorithm, and words for it. */
const rows: readonly { readonly name: string; readonly of: string; readonly words: string }[] = [
  { name: 'session.roundtrip.64B', of: 'mldsa87-mlkem1024', words: 'message of 64 bytes, encrypted and decrypted' },
  { name: 'session.pingpong.64B', of: 'mldsa87-mlkem1024', words: 'the same with a ratchet step each' },
  { name: 'session.handshake', of: 'mldsa87-mlkem1024', words: 'session, both sides' },
  { name: 'session.roundtrip.64B', of: 'curve25519', words: 'message of 64 bytes, classical suite' },
  { name: 'session.pingpong.64B', of: 'curve25519', words: 'the same with a ratchet step each' },
  { name: 'group.50.64B', of: 'mldsa87-mlkem1024', words: 'message to a group of 50, sent once and received by 49' },
  { name: 'client.send.sqlite.64B', of: 'mldsa87-mlkem1024', words: 'message sent, committed to SQLite' },
  { name: 'relay.requests', of: 'mldsa87-mlkem1024', words: 'message taken by the relay, committed to SQLite' },
  { name: 'register', of: 'mldsa87-mlkem1024', words: 'device registered by the relay' },
  { name: 'kem.encaps', of: 'ML-KEM-1024', words: 'ML-KEM-1024 encapsulation' },
  { name: 'sign', of: 'ML-DSA-87', words: 'ML-DSA-87 signature' },
  { name: 'verify', of: 'ML-DSA-87', words: 'ML-DSA-87 verification' },
  { name: 'aead.seal.1MiB', of: 'AES-256-GCM', words: '1 MiB sealed with AES-256-GCM' },
];

/** `document` with the table of `report` between its marks. Throws `UsageError` when it has none. */
export function withTable(document: string, report: Report): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new UsageError('options', `the file has no marks ${begin} and ${end}`);
  return `${document.slice(0, from)}${begin}\n\n${readmeTable(report)}\n${document.slice(to)}`;
}

/** The table, aligned as the formatter of the repository wants it. */
export function readmeTable(report: Report): string {
  const found = rows.flatMap(({ name, of, words }) => {
    const figure = report.results.find((result) => result.name === name && (result.suite ?? result.algorithm) === of);
    return figure === undefined ? [] : [[words, `\`${name}\``, numberText(figure.opsPerSecond), besides(figure)]];
  });
  const lines = [['operation', 'figure', 'per second', 'beside the same in …'], ...found];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const isRight = (column: number): boolean => column === 2;
  const text = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (isRight(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, column) => (isRight(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  const { machine } = report;
  const where = `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, skissm ${machine.skissm}, ${machine.date.slice(0, 10)}:`;
  return `${where}\n\n${[lines[0] ?? [], rule, ...lines.slice(1)].map(text).join('\n')}\n`;
}

/** How many times as many ours does. */
function besides({ ratioToRaw, ratioToPortable, peers = [] }: Figure): string {
  return [
    ...(ratioToRaw === undefined ? [] : [`the C loop ${ratioText(ratioToRaw)}`]),
    ...(ratioToPortable === undefined ? [] : [`the portable build ${ratioText(ratioToPortable)}`]),
    ...peers.map(({ name, ratio }) => `${name} ${ratioText(ratio)}`),
  ].join(', ');
}
