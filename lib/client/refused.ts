import { TransportError } from '../base/errors.js';
import type { Core } from './core.js';
import { verdictOf } from './verdict.js';

/** The error for a request made at once that the relay refused with `code`; a token that has run out is renewed on the way. */
export function refusedFor({ link }: Core, what: string, code: number): TransportError {
  if (verdictOf(code, undefined) !== 'renew') return new TransportError('refused', `the relay refused ${what} with code ${code}`);
  link.renew();
  return new TransportError('unauthorized', 'the token has run out: it is being renewed');
}
