/**
 * Joda-Time patterns as the Millis serializer of regex_extractor uses them: text → epoch ms.
 * Letters: G C Y x w e E y D M d a K h H k m s S z Z, quoted text. Others are refused, as Joda does.
 */
import { MillraceError } from '../errors.ts';

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const LETTERS = 'GCYxweEyDMdaKhHkmsSzZ';
/** Joda's two-digit years lie within fifty years around now less thirty. */
const PIVOT_YEARS = 30;

interface Fields {
  year: number;
  month: number;
  day: number;
  dayOfYear: number | null;
  hour: number;
  minute: number;
  second: number;
  ms: number;
  pm: boolean | null;
  halfDayHour: number | null;
  offsetMinutes: number | null;
}

/** Reads one field at `at`; returns where the next one begins, or −1. */
type FieldParser = (text: string, at: number, fields: Fields) => number;

/** @param zone IANA name of the zone for texts without one; undefined is the process's. */
export function jodaMillisParser(pattern: string, zone?: string): (text: string) => number {
  const parsers = compile(pattern);
  return (text) => {
    const fields: Fields = {
      year: 2000,
      month: 1,
      day: 1,
      dayOfYear: null,
      hour: 0,
      minute: 0,
      second: 0,
      ms: 0,
      pm: null,
      halfDayHour: null,
      offsetMinutes: null,
    };
    let at = 0;
    for (const parse of parsers) {
      at = parse(text, at, fields);
      if (at < 0) break;
    }
    if (at !== text.length) throw new Error(`Invalid format: "${text}" does not fit the pattern ${pattern}`);
    return millis(fields, zone, text);
  };
}

function compile(pattern: string): readonly FieldParser[] {
  const parsers: FieldParser[] = [];
  for (let i = 0; i < pattern.length; ) {
    const char = pattern[i]!;
    if (char === "'") {
      const end = pattern.indexOf("'", i + 1);
      const quoted = end === i + 1 ? "'" : pattern.slice(i + 1, end < 0 ? undefined : end);
      parsers.push(literal(quoted));
      i = end < 0 ? pattern.length : end + 1;
    } else if (/[A-Za-z]/.test(char)) {
      let width = 1;
      while (pattern[i + width] === char) width++;
      if (!LETTERS.includes(char)) {
        throw new MillraceError(
          'CONF_OPTION_VALUE',
          `Illegal pattern component: ${char.repeat(width)} in ${pattern}`,
          {
            value: pattern,
            remedy: `use the letters ${LETTERS} and put other text into single quotes`,
          },
        );
      }
      const followedByDigits =
        /[A-Za-z]/.test(pattern[i + width] ?? '') && !/[EzZaG]/.test(pattern[i + width]!);
      parsers.push(field(char, width, followedByDigits));
      i += width;
    } else {
      parsers.push(literal(char));
      i++;
    }
  }
  return parsers;
}

function literal(wanted: string): FieldParser {
  return (text, at) =>
    text.slice(at, at + wanted.length).toLowerCase() === wanted.toLowerCase() ? at + wanted.length : -1;
}

function number(
  maxDigits: number,
  set: (fields: Fields, value: number, digits: number) => void,
): FieldParser {
  return (text, at, fields) => {
    const match = new RegExp(`^[-+]?\\d{1,${maxDigits}}`).exec(text.slice(at, at + maxDigits + 1));
    if (match === null) return -1;
    set(fields, Number(match[0]), match[0].length);
    return at + match[0].length;
  };
}

function word(words: readonly string[], set: (fields: Fields, index: number) => void): FieldParser {
  return (text, at, fields) => {
    const rest = text.slice(at).toLowerCase();
    const index = words.findIndex((one) => rest.startsWith(one));
    if (index >= 0) {
      set(fields, index);
      return at + words[index]!.length;
    }
    const short = words.findIndex((one) => rest.startsWith(one.slice(0, 3)));
    if (short < 0) return -1;
    set(fields, short);
    return at + 3;
  };
}

function field(letter: string, width: number, fixed: boolean): FieldParser {
  const digits = (usual: number) => (fixed ? width : Math.max(usual, width));
  switch (letter) {
    case 'y':
    case 'Y':
    case 'x':
      return number(width === 2 ? 2 : fixed ? width : 9, (fields, value, length) => {
        fields.year = width === 2 && length === 2 ? pivot(value) : value;
      });
    case 'M':
      return width >= 3
        ? word(MONTHS, (fields, index) => {
            fields.month = index + 1;
          })
        : number(digits(2), (fields, value) => {
            fields.month = value;
          });
    case 'd':
      return number(digits(2), (fields, value) => {
        fields.day = value;
      });
    case 'D':
      return number(digits(3), (fields, value) => {
        fields.dayOfYear = value;
      });
    case 'H':
      return number(digits(2), (fields, value) => {
        fields.hour = value;
      });
    case 'k':
      return number(digits(2), (fields, value) => {
        fields.hour = value % 24;
      });
    case 'K':
      return number(digits(2), (fields, value) => {
        fields.halfDayHour = value;
      });
    case 'h':
      return number(digits(2), (fields, value) => {
        fields.halfDayHour = value % 12;
      });
    case 'm':
      return number(digits(2), (fields, value) => {
        fields.minute = value;
      });
    case 's':
      return number(digits(2), (fields, value) => {
        fields.second = value;
      });
    case 'S':
      return number(Math.max(width, fixed ? width : 9), (fields, value, length) => {
        fields.ms = Math.floor(value * 10 ** (3 - length));
      });
    case 'a':
      return word(['am', 'pm'], (fields, index) => {
        fields.pm = index === 1;
      });
    case 'E':
      return width >= 3 || width === 1 ? word(DAYS, () => {}) : number(1, () => {});
    case 'G':
      return word(['bc', 'ad'], () => {});
    case 'Z':
    case 'z':
      return zoneField;
    default:
      return number(digits(2), () => {});
  }
}

const zoneField: FieldParser = (text, at, fields) => {
  const rest = text.slice(at);
  const offset = /^([+-])(\d{2}):?(\d{2})/.exec(rest);
  if (offset !== null) {
    fields.offsetMinutes = (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3]));
    return at + offset[0].length;
  }
  const utc = /^(Z|UTC|GMT)/.exec(rest);
  if (utc === null) return -1;
  fields.offsetMinutes = 0;
  return at + utc[0].length;
};

function pivot(value: number): number {
  const low = new Date().getFullYear() - PIVOT_YEARS - 50;
  const century = Math.floor(low / 100) * 100;
  return century + value >= low ? century + value : century + 100 + value;
}

function millis(fields: Fields, zone: string | undefined, text: string): number {
  const hour = fields.halfDayHour === null ? fields.hour : fields.halfDayHour + (fields.pm === true ? 12 : 0);
  const month = fields.dayOfYear === null ? fields.month - 1 : 0;
  const day = fields.dayOfYear ?? fields.day;
  const utc = Date.UTC(fields.year, month, day, hour, fields.minute, fields.second, fields.ms);
  const made = new Date(utc);
  if (
    fields.dayOfYear === null &&
    (made.getUTCMonth() !== month ||
      made.getUTCDate() !== day ||
      hour > 23 ||
      fields.minute > 59 ||
      fields.second > 59)
  ) {
    throw new Error(`Cannot parse "${text}": a value is out of its range`);
  }
  if (fields.offsetMinutes !== null) return utc - fields.offsetMinutes * 60_000;
  return utc - offsetAt(utc, zone);
}

/**
 * Offset in ms of the zone at a local time. Asked twice: the first guess may lie
 * beyond a change of the clock.
 */
function offsetAt(localMs: number, zone: string | undefined): number {
  const first = offsetOf(localMs, zone);
  return offsetOf(localMs - first, zone);
}

function offsetOf(epochMs: number, zone: string | undefined): number {
  if (zone === undefined) return -new Date(epochMs).getTimezoneOffset() * 60_000;
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(epochMs);
  const value = (type: string) => Number(parts.find((part) => part.type === type)!.value);
  const local = Date.UTC(
    value('year'),
    value('month') - 1,
    value('day'),
    value('hour'),
    value('minute'),
    value('second'),
  );
  return local - Math.floor(epochMs / 1000) * 1000;
}
