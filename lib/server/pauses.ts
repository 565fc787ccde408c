/** Bytes that long synchronous work handles in one turn of the event loop: about two milliseconds of hashing or copying. */
const bytesPerTurn = 2_097_152;

/** Gives everybody else a turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Lets work on many bytes be interrupted: after each piece, {@link Pauses.after} is awaited with its size. */
export class Pauses {
  #bytes = 0;

  /** A promise when it is time to let others run, else `undefined`. */
  after(bytes: number): Promise<void> | undefined {
    this.#bytes += bytes;
    if (this.#bytes < bytesPerTurn) return undefined;
    this.#bytes = 0;
    return nextTurn();
  }
}
