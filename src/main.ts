#!/usr/bin/env node
/** Process entry: `flume-ng COMMAND …` and `millrace COMMAND …`. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

enableCompileCache(
  process.env.MILLRACE_CACHE === undefined ? undefined : join(process.env.MILLRACE_CACHE, 'compiled'),
);

const { runCommand } = await import('./cli/run.ts');
process.exitCode = await runCommand(process.argv.slice(2));
// Whatever still holds the event loop (a log stream, an idle socket) must not keep a finished command alive.
process.stdout.write('', () => process.exit());
