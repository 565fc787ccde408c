import { E2eeError } from '../../lib/base/errors.js';

/** Class and code of what `operation` throws, as `Class code`; `no error` when it returns. */
export function errorOf(operation: () => unknown): string {
  try {
    operation();
  } catch (error) {
    return error instanceof E2eeError ? `${error.name} ${error.code}` : `foreign ${String(error)}`;
  }
  return 'no error';
}
