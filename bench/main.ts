/**
 * `npm run bench`: every figure, one line each. `-- --quick` for short rounds, `-- --json FILE` writes the report, `-- --only TEXT` runs the
 * figures whose name begins with TEXT.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { clientCases } from './client-send.js';
import { fileCases } from './file.js';
import { groupCases } from './group.js';
import { kemCases } from './kem.js';
import { machine } from './machine.js';
import { type Figure, type Group, fullEffort, measure, quickEffort } from './measure.js';
import { sessionCases } from './session.js';
import { symmetricCases } from './symmetric.js';
import { signatureCases } from './signature.js';

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' }, only: { type: 'string', default: '' } },
});

const groups: readonly Group[] = [kemCases, signatureCases, symmetricCases, sessionCases, groupCases, clientCases, fileCases];
const where = machine();
const results: Figure[] = [];
process.stdout.write(`${where.cpu}, ${where.cores} cores, ${where.system}, Node ${where.node}\n`);
for (const group of groups) {
  if (!group.names.some((name) => name.startsWith(values.only))) continue;
  const { cases, close } = await group.prepare();
  for (const subject of cases) {
    if (!subject.name.startsWith(values.only)) continue;
    const figure = await measure(subject, values.quick ? quickEffort : fullEffort);
    results.push(figure);
    process.stdout.write(`${line(figure)}\n`);
  }
  await close();
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine: where, results }, null, 2)}\n`);

function line({ name, suite, algorithm, opsPerSecond, ratioToRaw, ratioToPortable }: Figure): string {
  const toRaw = ratioToRaw === undefined ? '' : `  ${ratioToRaw.toFixed(2)} of raw`;
  const ratio = `${toRaw}${ratioToPortable === undefined ? '' : `  ${ratioToPortable.toFixed(2)} times portable`}`;
  return `${name.padEnd(32)}${(suite ?? algorithm ?? '').padEnd(24)}${opsPerSecond.toFixed(opsPerSecond < 100 ? 2 : 0).padStart(12)}/s${ratio}`;
}
