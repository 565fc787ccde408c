/** Packs the compiled modules of `from` into `to`, with the declarations of the library. Rejects when something cannot be resolved. */
export function bundle(from: string, to: string): Promise<void>;
