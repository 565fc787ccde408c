/** Stands in for a campaign that is lost: `node lost-child.mjs hang|crash|flaky [TRACE FROM]` ends or falls silent with its seventh input. */
import { existsSync, writeFileSync } from 'node:fs';

const [, , mode, trace, from = '0'] = process.argv;
for (let number = 0; number < 10; number += 1) {
  if (trace !== undefined && number >= Number(from)) writeFileSync(trace, `input ${number}`);
  if (number === 7 && mode === 'hang') for (;;);
  if (number === 7 && mode === 'crash') process.exit(134);
  if (number === 7 && mode === 'flaky' && trace === undefined) process.exit(134);
  process.stdout.write(`${JSON.stringify({ progress: number })}\n`);
}
process.stdout.write(`${JSON.stringify({ result: { executions: 10, note: existsSync(trace ?? '') ? 'traced' : '' } })}\n`);
