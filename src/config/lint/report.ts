/** Findings as text for people and as JSON for programs. */
import type { Finding, Severity } from '../../base/finding.ts';

const COLOURS: Readonly<Record<Severity, string>> = { error: '31', warning: '33', info: '36' };

export function countOf(findings: readonly Finding[], severity: Severity): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

/** `file:line: error: text` and the remedy below, most serious first, in the order of the file. */
export function findingsText(findings: readonly Finding[], colour: boolean): string {
  const paint = (severity: Severity) =>
    colour ? `\u001b[${COLOURS[severity]}m${severity}\u001b[0m` : severity;
  const order: readonly Severity[] = ['error', 'warning', 'info'];
  const lines = order.flatMap((severity) =>
    findings
      .filter((finding) => finding.severity === severity)
      .map((finding) => {
        const place =
          finding.file === undefined ? '' : `${finding.file}${finding.line ? `:${finding.line}` : ''}: `;
        const remedy = finding.remedy === undefined ? '' : `\n    → ${finding.remedy}`;
        return `${place}${paint(severity)}: ${finding.text}${remedy}`;
      }),
  );
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** One line of log for a finding: Flume's text, then the place and the remedy. */
export function findingLine(finding: Finding): string {
  const place =
    finding.file === undefined ? '' : ` [${finding.file}${finding.line ? `:${finding.line}` : ''}]`;
  return `${finding.text}${place}${finding.remedy === undefined ? '' : ` → ${finding.remedy}`}`;
}
