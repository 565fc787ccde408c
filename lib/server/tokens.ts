/**
 * Tokens: who has registered a device holds one and shows it in every hello. A JSON Web Token (RFC 7519) under HMAC-SHA-256 with a key that
 * never leaves the relay's store.
 */
import { SignJWT, errors, jwtVerify } from 'jose';
import type { DeviceAddress } from '../base/address.js';
import type { Clock } from '../base/clock.js';
import type { Secret } from '../base/secret.js';

/** Bytes of a token key: as long as the hash. RFC 7518 §3.2. */
export const tokenKeyLength = 32;

const algorithm = 'HS256';

/** A token and when it ends, ms since 1970. */
export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: number;
}

/** What a valid token says. */
export interface TokenClaims {
  readonly address: DeviceAddress;
  /** When the device it was issued to had registered: a token does not outlive its device and serve a later one of the same name. */
  readonly registeredAt: number;
  readonly expiresAt: number;
}

/** Issues and checks tokens. */
export class Tokens {
  readonly #key: Secret<'TokenKey'>;
  readonly #clock: Clock;
  readonly #lifetime: number;

  constructor(key: Secret<'TokenKey'>, clock: Clock, lifetime: number) {
    this.#key = key;
    this.#clock = clock;
    this.#lifetime = lifetime;
  }

  /** A new token for the device that registered at `registeredAt`. */
  async issue(address: DeviceAddress, registeredAt: number): Promise<IssuedToken> {
    const now = this.#clock.now();
    // The claim counts in seconds.
    const expires = Math.floor((now + this.#lifetime) / 1_000);
    const token = await new SignJWT({
      user_id: address.userId,
      device_id: address.deviceId,
      domain: address.domain,
      registered_at: registeredAt,
    })
      .setProtectedHeader({ alg: algorithm })
      .setIssuedAt(Math.floor(now / 1_000))
      .setExpirationTime(expires)
      .sign(this.#key.expose());
    return { token, expiresAt: expires * 1_000 };
  }

  /** What `token` says, or `undefined` when it is not ours, damaged or expired. */
  async verify(token: string): Promise<TokenClaims | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.#key.expose(), {
        algorithms: [algorithm],
        currentDate: new Date(this.#clock.now()),
        requiredClaims: ['exp'],
      });
      const { user_id: userId, device_id: deviceId, domain, registered_at: registeredAt, exp } = payload;
      if (typeof userId !== 'string' || typeof deviceId !== 'string' || typeof domain !== 'string') return undefined;
      if (typeof registeredAt !== 'number' || exp === undefined) return undefined;
      return { address: { domain, userId, deviceId }, registeredAt, expiresAt: exp * 1_000 };
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  /** Wipes the key. */
  close(): void {
    this.#key.wipe();
  }
}
