import { runVectors } from './run-vectors.js';

process.exitCode = runVectors(process.argv[2], process.env, (line) => process.stdout.write(`${line}\n`));
