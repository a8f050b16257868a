/**
 * Loaded into the process of every test file. One that still lives a while after its last test (a test that
 * failed left something open) says what keeps it and ends: the others would wait for it without an end.
 */
import { isMainThread } from 'node:worker_threads';

const LINGER_MS = Number(process.env.MILLRACE_TEST_LINGER_MS ?? 30_000);

function end(): void {
  const kept = [...new Set(process.getActiveResourcesInfo())].join(', ');
  process.stderr.write(`${process.argv[1]}: its tests are over, but it is kept alive by: ${kept}\n`);
  process.exit(1);
}

// The runner itself loads it, too, and workers of a test do.
if (isMainThread && process.env.NODE_TEST_CONTEXT !== undefined) {
  const { after } = await import('node:test');
  after(() => void setTimeout(end, LINGER_MS).unref());
}
