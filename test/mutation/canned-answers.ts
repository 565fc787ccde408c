/** What the stand-in for a relay answers to a client. */
import type { DeviceAddress } from '../../lib/base/address.js';
import type { Certificate } from '../../lib/wire/certificate.js';
import { bundleFingerprint } from '../../lib/wire/fingerprint.js';
import { requests } from '../../lib/wire/request.js';
import type { Peer } from './peer.js';
import type { StandInRelay } from './stand-in-relay.js';

/** To every request whose answer says no more than that it worked: they all look the same. */
export const done = requests.consume_proto_msg.encodeResponse({ ok: true, message: '', value: {} });

/** To a wish for bundles that is not granted now. */
export const noBundle = requests.get_pre_key_bundle.encodeResponse({ ok: false, code: 503, message: '' });

export function registered(address: DeviceAddress, certificate: Certificate): Uint8Array {
  const value = {
    address,
    userName: address.userId,
    password: 'password',
    token: 'token',
    tokenExpires: 0,
    authenticator: '',
    certificate,
    otherDevices: [],
    contactDevices: [],
    groups: [],
  };
  return requests.register_user.encodeResponse({ ok: true, message: '', value });
}

export function bundleOf(relay: StandInRelay, peer: Peer): Uint8Array {
  const bundle = peer.bundle();
  const value = { userId: peer.address.userId, bundles: [{ bundle, signature: relay.sign(bundleFingerprint(bundle)) }] };
  return requests.get_pre_key_bundle.encodeResponse({ ok: true, message: '', value });
}

export function invited(request: Uint8Array, inviteTime: number): Uint8Array {
  const { sessionId } = requests.invite.decodeRequest(request).invite;
  return requests.invite.encodeResponse({ ok: true, message: '', value: { sessionId, inviteTime } });
}
