/** Why a key or trust store cannot be used. The message goes behind the store's name. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly remedy: string;

  constructor(message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.remedy = remedy;
  }
}

export function wrongPassword(cause?: unknown): StoreError {
  const text = 'cannot be opened: the password is wrong, or the file was changed';
  return new StoreError(text, 'set the password that the store was made with', cause);
}

export function wrongKeyPassword(alias: string, cause?: unknown): StoreError {
  const of = alias === '' ? 'its private key' : `the private key ${alias}`;
  const remedy = 'set key-password to the password of the private key';
  return new StoreError(`cannot be used: the password of ${of} is wrong`, remedy, cause);
}

export function damaged(what: string, cause?: unknown): StoreError {
  return new StoreError(`is damaged: ${what}`, 'write the file anew, whole', cause);
}
