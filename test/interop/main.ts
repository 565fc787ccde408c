import { runInterop } from './run-interop.js';

process.exitCode = runInterop(process.argv[2], (line) => process.stdout.write(`${line}\n`));
