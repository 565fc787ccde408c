/** What the relay says of a group. Spec: server.md §3 (get_group). */
import type { GroupAddress } from '../base/address.js';
import { ProtocolError } from '../base/errors.js';
import type { GroupFound } from '../wire/group-request.js';
import { requests } from '../wire/request.js';
import type { Core } from './core.js';
import { refusedFor } from './refused.js';

/** There is none, or it is none of ours: a relay that tells the two apart betrays which groups exist. */
const absentCodes: readonly number[] = [403, 404];

/**
 * Asks the relay for name and members of `group`; nobody but the relay vouches for the answer. Rejects with `ProtocolError('no-such-group')` when
 * there is none or this user is no member, and with `TransportError`.
 */
export async function lookUpGroup(core: Core, group: GroupAddress, signal?: AbortSignal): Promise<GroupFound> {
  const body = requests.get_group.encodeRequest({ group, sender: core.account.address });
  const answer = await core.link.request('get_group', body, signal === undefined ? {} : { signal });
  const response = requests.get_group.decodeResponse(answer);
  if (response.ok) return response.value;
  if (absentCodes.includes(response.code)) throw new ProtocolError('no-such-group', 'the relay knows no such group of this user');
  throw refusedFor(core, 'to look a group up', response.code);
}
