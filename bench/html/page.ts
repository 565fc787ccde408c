/** One page of a report: machine, charts, tables and what each figure means. It needs no network and has no script. */
import type { Figure, Report } from '../report.js';
import { barChart } from './bars.js';
import { escapeText } from './escape.js';
import { latencyChart } from './latency.js';
import { type Point, sizeSpeedChart } from './scatter.js';
import { style } from './style.js';
import { figureTable, latencyTable, quantityTable, sizeTable } from './tables.js';

/** A part of the page. */
interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: string;
}

const chapters: readonly { readonly id: string; readonly title: string; readonly prefixes: readonly string[] }[] = [
  { id: 'kem', title: 'Key agreement', prefixes: ['kem.', 'diffie-hellman.'] },
  { id: 'signatures', title: 'Signatures', prefixes: ['signature.', 'sign', 'verify'] },
  { id: 'symmetric', title: 'Symmetric primitives and files', prefixes: ['aead.', 'sha256.', 'hmac.', 'file.'] },
  { id: 'sessions', title: 'One-to-one sessions', prefixes: ['session.'] },
  { id: 'groups', title: 'Groups', prefixes: ['group.'] },
  { id: 'clients', title: 'Clients and relay', prefixes: ['client.', 'register', 'relay.requests'] },
];

/** The page as text. */
export function page(report: Report): string {
  const sections = [
    ...chapters.map((chapter) => figureSection(report, chapter)),
    latencySection(report),
    sizeSection(report),
    quantitySection(report),
  ];
  const shown = [...sections.filter((section) => section !== undefined), aboutSection(report)];
  const links = shown.map(({ id, title }) => `<li><a href="#${id}">${escapeText(title)}</a></li>`).join('');
  const body = shown
    .map(({ id, title, body: content }) => `<section id="${id}"><h2>${escapeText(title)}</h2>\n${content}\n</section>`)
    .join('\n');
  const { machine } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>skissm ${escapeText(machine.skissm)}: benchmark of ${escapeText(machine.date.slice(0, 10))}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>skissm ${escapeText(machine.skissm)}: benchmark</h1>
${machineBlock(report)}
<p>More is better unless a unit says otherwise; scales are logarithmic. “× C loop” is our speed over that of a C loop of the same cryptography in the same process, so 1 is no overhead (it does AES and SHA-256 in mbed TLS, so ours can be ahead);
“× portable” (the portable build, with AES and SHA-256 in mbed TLS) and the other names are how many times as fast ours is. All sides of a row took turns; ratios can be compared between machines, rates cannot.</p>
<nav aria-label="Sections"><ul>${links}</ul></nav>
</header>
<main>
${body}
</main>
</body>
</html>
`;
}

function machineBlock({ machine, results }: Report): string {
  const { build, fourWayKeccak, aesGcm, sha256 } = machine.acceleration;
  const used = [...(fourWayKeccak ? ['Keccak, four at a time'] : []), ...(aesGcm ? ['AES-256-GCM'] : []), ...(sha256 ? ['SHA-256'] : [])];
  const peers = new Map(results.flatMap(({ peers: beside = [] }) => beside.map(({ name, version }) => [name, version] as const)));
  const rows = [
    ['date', machine.date.replace('T', ' ').replace(/\.\d+Z$/u, ' UTC')],
    ['processor', `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB`],
    ['system', machine.system],
    ['Node.js', `${machine.node}, OpenSSL ${machine.openssl}`],
    ['build of the addon', build],
    ['on instructions of the processor', used.length === 0 ? 'nothing' : used.join(', ')],
    ['measured beside', [...peers].map(([name, version]) => `${name} ${version}`).join(', ')],
  ];
  return `<dl>${rows.map(([term = '', text = '']) => `<dt>${escapeText(term)}</dt><dd>${escapeText(text)}</dd>`).join('')}</dl>`;
}

function isPooled({ name }: Figure): boolean {
  return name.endsWith('.pool');
}

function figureSection(report: Report, { id, title, prefixes }: (typeof chapters)[number]): Section | undefined {
  const figures = report.results.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)));
  if (figures.length === 0) return undefined;
  const inline = figures.filter((each) => !isPooled(each));
  const names = [...new Set(inline.map(({ name }) => name))];
  const single = names.filter((name) => inline.filter((each) => each.name === name).length === 1);
  const charts = names
    .filter((name) => !single.includes(name))
    .map((name) =>
      barChart(
        name,
        inline.filter((each) => each.name === name),
        figures.filter((each) => each.name === `${name}.pool`),
      ),
    );
  const alone = inline
    .filter(({ name }) => single.includes(name))
    .map(({ name, opsPerSecond, rounds, about, ...beside }) => {
      const { rawOpsPerSecond, peers } = beside;
      return {
        name,
        opsPerSecond,
        rounds,
        about,
        ...(rawOpsPerSecond === undefined ? {} : { rawOpsPerSecond }),
        ...(peers === undefined ? {} : { peers }),
      };
    });
  if (alone.length > 0) charts.push(barChart(charts.length === 0 ? title : 'Further figures', alone, []));
  const tables = [figureTable(title, inline)];
  const pooled = figures.filter(isPooled);
  if (pooled.length > 0) tables.push(figureTable(`${title} in the thread pool`, pooled));
  return { id, title, body: [...charts, ...tables].join('\n') };
}

function latencySection({ latency }: Report): Section | undefined {
  const [first] = latency;
  if (first === undefined) return undefined;
  const body = `<p>${escapeText(first.about)}.</p>\n${latencyChart(latency)}\n${latencyTable('Latency of a message', latency)}`;
  return { id: 'latency', title: 'Latency through a relay', body };
}

function sizeSection(report: Report): Section | undefined {
  const { sizes } = report;
  if (sizes.length === 0) return undefined;
  const starting = (prefix: string): typeof sizes => sizes.filter(({ name }) => name.startsWith(prefix));
  const charts = [
    {
      caption: 'KEM: bytes of public key and ciphertext (across), encapsulation and decapsulation per second (up)',
      points: agreementPoints(report),
    },
    {
      caption: 'Signatures: bytes of public key and signature (across), signatures per second (up)',
      points: signaturePoints(report, 'sign'),
    },
    {
      caption: 'Signatures: bytes of public key and signature (across), verifications per second (up)',
      points: signaturePoints(report, 'verify'),
    },
  ].filter(({ points }) => points.length > 0);
  const tables = [
    { caption: 'Key agreement, bytes', rows: starting('size.agreement') },
    { caption: 'Signatures, bytes', rows: starting('size.signature') },
    { caption: 'Suites, bytes', rows: starting('size.suite') },
  ].filter(({ rows }) => rows.length > 0);
  const body = [
    ...charts.map(({ caption, points }) => sizeSpeedChart(caption, points)),
    ...tables.map(({ caption, rows }) => sizeTable(caption, rows)),
  ].join('\n');
  return { id: 'sizes', title: 'Size against speed', body };
}

/** One algorithm with the sum of its sizes and the rate of doing all operations once, when all are known. */
function pointOf(report: Report, algorithm: string, sizeNames: readonly string[], operations: readonly string[]): Point[] {
  const bytes = sizeNames.map((name) => report.sizes.find((size) => size.name === name && size.algorithm === algorithm)?.bytes);
  const rates = operations.map(
    (name) => report.results.find((figure) => figure.name === name && figure.algorithm === algorithm)?.opsPerSecond,
  );
  if ([...bytes, ...rates].some((value) => value === undefined)) return [];
  const seconds = rates.reduce<number>((sum, rate) => sum + 1 / (rate ?? Number.NaN), 0);
  return [{ label: algorithm, bytes: bytes.reduce<number>((sum, value) => sum + (value ?? 0), 0), perSecond: 1 / seconds }];
}

function algorithmsOf(report: Report, operation: string): string[] {
  return report.results.flatMap(({ name, algorithm }) => (name === operation && algorithm !== undefined ? [algorithm] : []));
}

function agreementPoints(report: Report): Point[] {
  return algorithmsOf(report, 'kem.encaps').flatMap((algorithm) =>
    pointOf(report, algorithm, ['size.agreement.public-key', 'size.agreement.ratchet-key'], ['kem.encaps', 'kem.decaps']),
  );
}

function signaturePoints(report: Report, operation: 'sign' | 'verify'): Point[] {
  return algorithmsOf(report, operation).flatMap((algorithm) =>
    pointOf(report, algorithm, ['size.signature.public-key', 'size.signature'], [operation]),
  );
}

function quantitySection({ quantities }: Report): Section | undefined {
  if (quantities.length === 0) return undefined;
  return { id: 'memory', title: 'Memory and import time', body: quantityTable('Memory of a session and time of an import', quantities) };
}

function aboutSection({ results, sizes, quantities, latency }: Report): Section {
  const abouts = new Map<string, string>();
  for (const { name, about } of [...results, ...latency, ...quantities, ...sizes]) if (!abouts.has(name)) abouts.set(name, about);
  const rows = [...abouts].map(([name, about]) => `<dt>${escapeText(name)}</dt><dd>${escapeText(about)}</dd>`);
  return { id: 'abouts', title: 'What the figures are', body: `<div class="abouts"><dl>${rows.join('\n')}</dl></div>` };
}
