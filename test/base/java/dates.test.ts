import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileLogTime, isoDay, isoLogTime } from '../../../src/base/java/dates.ts';

describe('times of log lines', () => {
  const cases: readonly (readonly [Date, string, string])[] = [
    [new Date(2024, 0, 2, 10, 11, 12, 345), '2024-01-02 10:11:12,345', '02 Jan 2024 10:11:12,345'],
    [new Date(2024, 11, 31, 23, 59, 59, 999), '2024-12-31 23:59:59,999', '31 Dec 2024 23:59:59,999'],
    [new Date(2024, 1, 29, 0, 0, 0, 0), '2024-02-29 00:00:00,000', '29 Feb 2024 00:00:00,000'],
    [new Date(1999, 8, 9, 1, 2, 3, 7), '1999-09-09 01:02:03,007', '09 Sep 1999 01:02:03,007'],
  ];
  for (const [date, iso, file] of cases) {
    test(`${iso} is written in the local zone with two digits a part and a comma before milliseconds`, () => {
      assert.equal(isoLogTime(date.getTime()), iso);
      assert.equal(fileLogTime(date.getTime()), file);
      assert.equal(isoDay(date.getTime()), iso.slice(0, 10));
    });
  }
});
