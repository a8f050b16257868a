/** Reads every block of the backlog and reports what is wrong, with the file and the remedy. */
import type { Finding } from '../../base/finding.ts';
import { findingsText } from '../../config/lint/report.ts';
import { DAMAGED } from '../../storage/log/directory.ts';
import { listDirectory } from '../../storage/log/listing.ts';
import type { OffsetRange } from '../../storage/log/ranges.ts';
import { type Found, LogReader } from '../../storage/log/reader.ts';
import type { ParsedArguments } from '../arguments.ts';
import { EXIT, print } from '../command.ts';
import { Progress, plural, tryView, walkAll } from './blocks.ts';
import { requireDirectories, type Target } from './target.ts';

/** Beyond this many, findings are only counted. */
const FINDINGS_MAX = 1000;
const REPAIR =
  'restore the file from a backup, or go on without these events: `repair`, or the next start of the channel,';

export async function check(parsed: ParsedArguments, target: Target): Promise<number> {
  requireDirectories(target);
  const reader = await LogReader.open({ ...target, owner: 'millrace channel check' });
  const report = new Report();
  try {
    const progress = new Progress('checked');
    const all = reader.taken.untakenCount(reader.end);
    await walkAll(
      reader,
      (found) => report.add(found),
      () => progress.tell(report.events, all),
    );
    report.addFiles(reader, target);
  } finally {
    reader.close();
  }
  const { findings, events, blocks, problems } = report;
  if (parsed.options.has('json')) {
    print(`${JSON.stringify({ sound: problems === 0, events, blocks, problems, findings }, null, 2)}\n`);
  } else {
    print(findingsText(findings, process.stdout.isTTY === true));
    print(
      `${plural(events, 'event')} in ${plural(blocks, 'block')} can be delivered; ${plural(problems, 'problem')}\n`,
    );
  }
  return problems === 0 ? EXIT.ok : EXIT.usage;
}

class Report {
  readonly findings: Finding[] = [];
  /** Those that can be delivered. */
  events = 0;
  blocks = 0;
  problems = 0;

  add(found: Found): void {
    if (found.what === 'missing') {
      for (const range of found.ranges) this.#missing(range);
      return;
    }
    const { file, key } = found;
    const events = `events ${key.first} to ${key.first + key.count - 1} (${key.count})`;
    if (found.what === 'damaged') {
      this.#error(file, `the block of ${events} fails its checksum`, `${REPAIR} keeps it in quarantine`);
    } else if (found.what === 'locked') {
      const remedy = `${found.remedy}; name the channel by --conf-file so that its keys are known here`;
      this.#error(file, `the block of ${events} ${found.why}`, remedy);
    } else {
      const view = tryView(found.value, key.count);
      if (typeof view === 'string') {
        const remedy = 'please report it: the checksum is right, so it was written like that';
        this.#error(file, `the block of ${events} is none: ${view}`, remedy);
        return;
      }
      this.blocks++;
      for (const [from, to] of found.untaken) this.events += to - from;
    }
  }

  #missing([from, to]: OffsetRange): void {
    const text = `events ${from} to ${to - 1} (${to - from}) are missing from the log`;
    this.#error(
      null,
      text,
      `restore the segment that held them, or go on without: \`repair\` passes over them`,
    );
  }

  addFiles(reader: LogReader, { checkpointDir, dataDirs }: Target): void {
    for (const { file, why, what } of reader.damaged) {
      if (what === 'journal') {
        this.#error(file, why, `${REPAIR} passes over it`);
        continue;
      }
      const text =
        what === 'segment'
          ? `the segment cannot be read: ${why}`
          : `the segment is damaged: ${why}; the records that are whole are used`;
      this.#error(file, text, `${REPAIR} keeps it as ${file}${DAMAGED}`);
    }
    if (reader.checkpointProblem !== null) {
      const text = `the checkpoint cannot be read: ${reader.checkpointProblem}`;
      const remedy = '`repair` sets it aside; events that were taken last may be delivered again';
      this.#error(checkpointDir, text, remedy);
    }
    const remedy = 'nothing, or delete it once it was looked at';
    for (const path of [checkpointDir, ...dataDirs]) {
      const { quarantined, setAside } = listDirectory(path);
      for (const { file } of [...quarantined, ...setAside]) {
        this.#push({ severity: 'info', file, text: 'was set aside by an earlier start or repair', remedy });
      }
    }
  }

  #error(file: string | null, text: string, remedy: string): void {
    this.problems++;
    this.#push({ severity: 'error', text, remedy, ...(file === null ? {} : { file }) });
  }

  #push(finding: Omit<Finding, 'code'>): void {
    if (this.findings.length < FINDINGS_MAX) this.findings.push({ ...finding, code: 'STORAGE_DAMAGED' });
    else if (this.findings.length === FINDINGS_MAX) {
      const text = `there are more than ${FINDINGS_MAX} findings: the others are only counted`;
      this.findings.push({ severity: 'info', code: 'STORAGE_DAMAGED', text });
    }
  }
}
