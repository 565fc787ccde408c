/** The relay's side of a client's connection in the hands of a test: it answers as told, signs what it is told, and sends any bytes. */
import type { DeviceAddress } from '../../lib/base/address.js';
import { noBytes } from '../../lib/base/bytes.js';
import { one } from '../../lib/crypto/job.js';
import type { SigningKeyPair } from '../../lib/crypto/key-pair.js';
import type { SignatureScheme } from '../../lib/crypto/scheme.js';
import { issueCertificate, sha256Code } from '../../lib/server/certificate.js';
import type { FrameChannel } from '../../lib/transport/channel.js';
import { createInMemoryNetwork } from '../../lib/transport/in-memory.js';
import type { Certificate, ServerSignature } from '../../lib/wire/certificate.js';
import { keyFingerprint, pushFingerprints } from '../../lib/wire/fingerprint.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { type EncodedPayload, type Push, encodePush, partsOf } from '../../lib/wire/push.js';
import type { PushTag } from '../../lib/wire/push.js';
import { type RequestName, requestNameOf } from '../../lib/wire/request.js';
import type { Address } from '../../lib/wire/address.js';
import type { Run } from '../support/seeded-jobs.js';
import type { FakeClock } from '../transport/fake-clock.js';

export const domain = 'example.test';

/** A request as it came from the client. */
export interface SeenRequest {
  readonly name: RequestName;
  readonly body: Uint8Array;
}

/** What a push says; the tag is new unless it is given. */
export interface Statement {
  readonly from?: Address | undefined;
  readonly to: DeviceAddress;
  readonly payload: EncodedPayload;
  readonly tag?: PushTag | undefined;
}

export class StandInRelay {
  readonly network;
  readonly certificate: Certificate;
  readonly requests: SeenRequest[] = [];
  /** Heartbeats that the client sent back. */
  echoes = 0;
  /** Gives the encoded response to a request. */
  answer: (request: SeenRequest) => Uint8Array = () => noBytes;
  /** What ids of pushes begin with. */
  pushName = 'push';
  readonly #clock: FakeClock;
  readonly #run: Run;
  readonly #scheme: SignatureScheme;
  readonly #keys: SigningKeyPair;
  #channel: FrameChannel | undefined;
  #pushes = 0;

  constructor(clock: FakeClock, run: Run, scheme: SignatureScheme) {
    this.#clock = clock;
    this.#run = run;
    this.#scheme = scheme;
    this.#keys = run(one({ operation: 'signing-key-pair', scheme }));
    const subject = { commonName: domain, domain, organisation: '', units: [] };
    this.certificate = issueCertificate({
      scheme,
      issuer: subject,
      issuerKeyPair: this.#keys,
      subject,
      publicKey: this.#keys.publicKey,
      now: clock.now(),
      lifetime: 31_536_000_000,
    });
    this.network = createInMemoryNetwork({ clock });
    this.network.listen((channel) => {
      this.#accept(channel);
    });
  }

  /** Sends bytes where a frame should be. */
  send(frame: Uint8Array): void {
    this.#channel?.send(frame);
  }

  /** Whether the client is connected. */
  get isConnected(): boolean {
    return this.#channel !== undefined;
  }

  /** A tag that was not used before. */
  tag(): PushTag {
    this.#pushes += 1;
    return { time: this.#clock.now(), id: `${this.pushName} ${this.#pushes}` };
  }

  /** The signature that belongs to a push. */
  signatureOf(statement: Omit<Push, 'signatures'>): ServerSignature {
    return this.sign(pushFingerprints(partsOf(statement)).full);
  }

  /** The relay's signature of a fingerprint. */
  sign(messageFingerprint: Uint8Array): ServerSignature {
    const { privateKey, publicKey } = this.#keys;
    return {
      version: 1,
      hashAlgorithm: sha256Code,
      signingAlgorithm: this.#scheme.code,
      signer: this.certificate.content.subject,
      signingKeyFingerprint: keyFingerprint(publicKey),
      messageFingerprint,
      signature: this.#run(one({ operation: 'sign', scheme: this.#scheme, privateKey, message: messageFingerprint })),
    };
  }

  /** An encoded push with the relay's signature. */
  signedPush({ from, to, payload, tag = this.tag() }: Statement): Uint8Array {
    const statement = { tag, from, to, payload };
    return encodePush({ ...statement, signatures: [this.signatureOf(statement)] });
  }

  /** An encoded push without a signature. */
  plainPush({ from, to, payload, tag = this.tag() }: Statement): Uint8Array {
    return encodePush({ tag, from, to, payload, signatures: [] });
  }

  #accept(channel: FrameChannel): void {
    void channel.closed.then(() => {
      if (this.#channel === channel) this.#channel = undefined;
    });
    channel.receive({
      onFrame: (bytes) => {
        this.#onFrame(channel, bytes);
      },
      onDrain: () => undefined,
    });
  }

  #onFrame(channel: FrameChannel, bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    switch (frame.kind) {
      case 'hello': {
        if (frame.hello.credential.kind !== 'none') this.#channel = channel;
        const ack = {
          code: 200,
          reason: '',
          token: '',
          tokenExpiresAt: 0,
          serverTime: 0,
          pushWindow: 256,
          heartbeatInterval: 0,
          maxFrameLength: 0,
          storeSince: 0,
        };
        channel.send(encodeFrame({ kind: 'hello-ack', ack }));
        return;
      }
      case 'request': {
        const name = requestNameOf(frame.request);
        if (name === undefined) throw new Error(`the client sent a request of the unknown kind ${frame.request}`);
        const request = { name, body: frame.body };
        this.requests.push(request);
        channel.send(encodeFrame({ kind: 'response', id: frame.id, status: 200, body: this.answer(request) }));
        return;
      }
      case 'heartbeat':
        this.echoes += 1;
        return;
      case 'goodbye':
        channel.close();
        return;
      case 'hello-ack':
      case 'response':
      case 'push':
      case 'unknown':
        throw new Error(`the client sent a frame of kind ${frame.kind}`);
    }
  }
}
