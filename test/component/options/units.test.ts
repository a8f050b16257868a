import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDurationMs, parseSizeBytes } from '../../../src/component/options/units.ts';

describe('a duration with a unit, in milliseconds', () => {
  const cases: readonly (readonly [string, number | null])[] = [
    ['250ms', 250],
    ['10s', 10_000],
    ['5m', 300_000],
    ['5min', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1.5s', 1500],
    ['10 s', 10_000],
    [' 10S ', 10_000],
    ['-1s', -1000],
    ['10', null],
    ['s', null],
    ['10x', null],
    ['1m30s', null],
    ['1e3s', null],
    ['10constructor', null],
    ['', null],
  ];
  for (const [text, ms] of cases)
    test(`${JSON.stringify(text)} is ${ms}`, () => assert.equal(parseDurationMs(text), ms));
});

describe('a size with a unit, in bytes', () => {
  const cases: readonly (readonly [string, number | null])[] = [
    ['1b', 1],
    ['64KiB', 65_536],
    ['64k', 65_536],
    ['64kb', 64_000],
    ['64MiB', 67_108_864],
    ['64m', 67_108_864],
    ['10MB', 10_000_000],
    ['2g', 2 ** 31],
    ['1GiB', 2 ** 30],
    ['1GB', 1e9],
    ['1t', 2 ** 40],
    ['1TB', 1e12],
    ['0.5KiB', 512],
    ['1.0001k', 1024],
    ['100', null],
    ['MiB', null],
    ['1 QiB', null],
  ];
  for (const [text, bytes] of cases) {
    test(`${JSON.stringify(text)} is ${bytes}`, () => assert.equal(parseSizeBytes(text), bytes));
  }
});
