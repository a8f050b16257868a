import type { HttpHandler } from './handler.ts';

/** Flume's BLOBHandler: the body is one event, parameters are its headers. */
export function blobHandler(options: Readonly<Record<string, string>>): HttpHandler {
  // An absent list is one empty name in Flume, so that every request fails: it has to be set.
  const mandatory = (options.mandatoryParameters ?? '').split(',').map((name) => name.trim());
  return {
    handle: ({ body, parameters }, batch) => {
      for (const name of mandatory) {
        if (!parameters.has(name)) {
          throw new Error(
            `Please specify ${name || '(handler.mandatoryParameters is not set)'} parameter in the request.`,
          );
        }
      }
      batch.append(body, 0, body.length, parameters);
    },
  };
}

const BLOB_BYTES_MAX = 100_000_000;

/** The morphline BlobHandler: cut at maxBlobLength, the content type under Tika's name. */
export function morphlineBlobHandler(options: Readonly<Record<string, string>>): HttpHandler {
  const max = Number(options.maxBlobLength ?? BLOB_BYTES_MAX);
  return {
    handle: ({ body, parameters, contentType }, batch) => {
      const headers = new Map(parameters);
      if (contentType !== undefined) headers.set('Content-Type', contentType);
      batch.append(body, 0, Math.min(body.length, max), headers);
    },
  };
}
