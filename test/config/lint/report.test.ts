import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../../src/base/finding.ts';
import { countOf, findingLine, findingsText } from '../../../src/config/lint/report.ts';

const findings: readonly Finding[] = [
  { severity: 'warning', code: 'CONF_DUPLICATE', text: 'twice', file: 'a.conf', line: 3, remedy: 'keep one' },
  { severity: 'info', code: 'CONF_COMPONENT', text: 'by the way' },
  { severity: 'error', code: 'CONF_SYNTAX', text: 'first', file: 'a.conf', line: 9 },
  { severity: 'error', code: 'CONF_FILE_MISSING', text: 'second', file: 'b.conf' },
];

test('findings are listed errors first, each kind in its order, with place and remedy', () => {
  assert.equal(
    findingsText(findings, false),
    'a.conf:9: error: first\nb.conf: error: second\na.conf:3: warning: twice\n    → keep one\ninfo: by the way\n',
  );
});

test('a terminal gets the severity in colour, and nothing else of it', () => {
  assert.equal(findingsText(findings.slice(2, 3), true), 'a.conf:9: \u001b[31merror\u001b[0m: first\n');
});

test('no findings are no text', () => assert.equal(findingsText([], true), ''));

test('a finding in the log is one line: Flume’s text first, then place and remedy', () => {
  assert.equal(findingLine(findings[0]!), 'twice [a.conf:3] → keep one');
  assert.equal(findingLine(findings[1]!), 'by the way');
  assert.equal(findingLine(findings[3]!), 'second [b.conf]');
});

test('findings are counted by severity', () => {
  assert.deepEqual(
    (['error', 'warning', 'info'] as const).map((severity) => countOf(findings, severity)),
    [2, 1, 1],
  );
});
