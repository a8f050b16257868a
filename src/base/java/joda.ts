/**
 * Joda-Time 2.9.9 patterns as the Millis serializer of regex_extractor uses them: text → epoch ms.
 * Letters: G C Y x w e E y D M d a K h H k m s S z Z, quoted text; others are refused, as Joda does. Names
 * are English (Joda takes those of the JVM's locale); eras before Christ and zones that Node does not know
 * are errors.
 *
 * As in Joda, a text is read first and its fields are set afterwards, the larger before the smaller, so
 * that of several fields that say the same the one of the smallest range wins; a year that is not given is
 * 2000 beside a month, week or day, else 1970.
 */
import { MillraceError } from '../errors.ts';
import { atLocalTime, FIELDS, type Field, resolve, type Saved } from './joda-fields.ts';
import { DAYS, MONTHS } from './names.ts';

const LETTERS = 'GCYxweEyDMdaKhHkmsSzZ';
const NUMERIC = 'cCxyYdhHmsSeDFwWkK';
/** Joda's two-digit years lie within fifty years around now less thirty. */
const PIVOT_YEARS = 30;
const PIVOT_SPAN_YEARS = 50;
const YEAR_DIGITS_MAX = 9;

const ZONES: Readonly<Record<string, string>> = {
  UT: 'UTC',
  UTC: 'UTC',
  GMT: 'UTC',
  EST: 'America/New_York',
  EDT: 'America/New_York',
  CST: 'America/Chicago',
  CDT: 'America/Chicago',
  MST: 'America/Denver',
  MDT: 'America/Denver',
  PST: 'America/Los_Angeles',
  PDT: 'America/Los_Angeles',
};

/** What a text gave. */
interface Bucket {
  readonly saved: Saved[];
  offsetMs: number | null;
  zone: string | undefined;
}

/** Reads one field at `at`; returns where the next one begins, or −1. */
type FieldParser = (text: string, at: number, bucket: Bucket) => number;

/** @param zone IANA name of the zone for texts without one; undefined is the process's. */
export function jodaMillisParser(pattern: string, zone?: string): (text: string) => number {
  const parsers = compile(pattern);
  return (text) => {
    const bucket: Bucket = { saved: [], offsetMs: null, zone };
    let at = 0;
    for (const parse of parsers) {
      const next = parse(text, at, bucket);
      if (next < 0)
        throw new Error(`Invalid format: "${text}" does not fit the pattern ${pattern} at index ${at}`);
      at = next;
    }
    if (at < text.length) throw new Error(`Invalid format: "${text}" goes on behind the pattern ${pattern}`);
    const local = resolve(bucket.saved, text);
    return bucket.offsetMs === null ? atLocalTime(local, bucket.zone, text) : local - bucket.offsetMs;
  };
}

/** A run of one letter, or text that stands for itself. */
type Token = { readonly letter: string; readonly width: number } | { readonly text: string };

function compile(pattern: string): readonly FieldParser[] {
  const tokens = tokensOf(pattern);
  if (tokens.length === 0)
    throw new MillraceError('CONF_OPTION_VALUE', 'The pattern of the time is empty', {
      value: pattern,
      remedy: 'write a Joda pattern such as yyyy-MM-dd HH:mm:ss',
    });
  return tokens.map((token, i) => {
    if ('text' in token) return literal(token.text);
    const { letter, width } = token;
    // Full names of zones can be printed only, in Joda, too.
    if (!LETTERS.includes(letter) || (letter === 'z' && width > 3)) {
      throw new MillraceError(
        'CONF_OPTION_VALUE',
        `Illegal pattern component: ${letter.repeat(width)} in ${pattern}`,
        { value: pattern, remedy: `use the letters ${LETTERS} and put other text into single quotes` },
      );
    }
    return field(letter, width, isNumeric(tokens[i + 1]));
  });
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < pattern.length; ) {
    const letter = pattern[i]!;
    if (/[A-Za-z]/.test(letter)) {
      const start = i;
      while (pattern[i] === letter) i++;
      tokens.push({ letter, width: i - start });
      continue;
    }
    let text = '';
    let quoted = false;
    for (; i < pattern.length && (quoted || !/[A-Za-z]/.test(pattern[i]!)); i++) {
      if (pattern[i] !== "'") text += pattern[i];
      else if (pattern[i + 1] === "'") text += pattern[i++];
      else quoted = !quoted;
    }
    tokens.push({ text });
  }
  return tokens;
}

function isNumeric(token: Token | undefined): boolean {
  if (token === undefined || 'text' in token) return false;
  return NUMERIC.includes(token.letter) || (token.letter === 'M' && token.width <= 2);
}

function literal(wanted: string): FieldParser {
  return (text, at) =>
    text.slice(at, at + wanted.length).toLowerCase() === wanted.toLowerCase() ? at + wanted.length : -1;
}

function number(into: Field, digitsMax: number, signed = false): FieldParser {
  const wanted = new RegExp(`${signed ? '[-+]?' : ''}[0-9]{1,${digitsMax}}`, 'y');
  return (text, at, { saved }) => {
    wanted.lastIndex = at;
    const match = wanted.exec(text);
    if (match === null) return -1;
    saved.push({ field: into, value: Number(match[0]) });
    return wanted.lastIndex;
  };
}

/** A name in full or short, as it is written, in capitals or in small letters. */
function word(into: Field, names: readonly string[], first: number): FieldParser {
  const forms = names
    .flatMap((name, i) => [name, name.slice(0, 3)].map((form) => ({ form, value: i + first })))
    .flatMap(({ form, value }) =>
      [form, form.toUpperCase(), form.toLowerCase()].map((one) => ({ form: one, value })),
    )
    .sort((a, b) => b.form.length - a.form.length);
  return (text, at, { saved }) => {
    const found = forms.find(({ form }) => text.startsWith(form, at));
    if (found === undefined) return -1;
    saved.push({ field: into, value: found.value });
    return at + found.form.length;
  };
}

function field(letter: string, width: number, followedByDigits: boolean): FieldParser {
  const digits = (usual: number) => Math.max(usual, width);
  switch (letter) {
    case 'G':
      return word(FIELDS.era, ['AD', 'CE'], 1);
    case 'C':
      return number(FIELDS.century, width, true);
    case 'y':
    case 'Y':
    case 'x': {
      const into = letter === 'x' ? FIELDS.weekyear : FIELDS.year;
      if (width === 2) return twoDigitYear(into, !followedByDigits);
      return number(into, followedByDigits ? width : Math.max(YEAR_DIGITS_MAX, width), letter !== 'Y');
    }
    case 'M':
      return width >= 3 ? word(FIELDS.month, MONTHS, 1) : number(FIELDS.month, digits(2));
    case 'D':
      return number(FIELDS.dayOfYear, digits(3));
    case 'E':
      return word(FIELDS.dayOfWeek, DAYS, 1);
    case 'e':
      return number(FIELDS.dayOfWeek, digits(1));
    case 'a':
      return word(FIELDS.halfday, ['AM', 'PM'], 0);
    case 'S':
      return fraction(width);
    case 'z':
      return zoneName;
    case 'Z':
      return width <= 2 ? zoneOffset : zoneId;
    default:
      return number(PLAIN[letter]!, digits(2));
  }
}

const PLAIN: Readonly<Record<string, Field>> = {
  w: FIELDS.week,
  d: FIELDS.day,
  H: FIELDS.hour,
  k: FIELDS.clockHour,
  K: FIELDS.halfdayHour,
  h: FIELDS.halfdayClockHour,
  m: FIELDS.minute,
  s: FIELDS.second,
};

/**
 * Two digits stand for a year near now; where no number follows, any other count of digits is the year
 * itself.
 */
function twoDigitYear(into: Field, lenient: boolean): FieldParser {
  return (text, at, { saved }) => {
    const match = (lenient ? /^[-+]?[0-9]+/ : /^[0-9]{2}/).exec(text.slice(at));
    if (match === null) return -1;
    const two = /^[0-9]{2}$/.test(match[0]);
    saved.push({ field: into, value: two ? pivoted(Number(match[0])) : Number(match[0]) });
    return at + match[0].length;
  };
}

function pivoted(value: number): number {
  const low = new Date().getFullYear() - PIVOT_YEARS - PIVOT_SPAN_YEARS;
  const rest = low % 100;
  return low - rest + value + (value < rest ? 100 : 0);
}

/** Digits behind the decimal point; those beyond milliseconds are cut off. */
function fraction(digitsMax: number): FieldParser {
  const wanted = new RegExp(`[0-9]{1,${digitsMax}}`, 'y');
  return (text, at, { saved }) => {
    wanted.lastIndex = at;
    const match = wanted.exec(text);
    if (match === null) return -1;
    saved.push({ field: FIELDS.milli, value: Number(match[0].slice(0, 3).padEnd(3, '0')) });
    return wanted.lastIndex;
  };
}

const zoneOffset: FieldParser = (text, at, bucket) => {
  if (text[at] === 'Z' || text[at] === 'z') {
    bucket.offsetMs = 0;
    return at + 1;
  }
  const rest = text.slice(at);
  const match = /^([-+])(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{3}))?)?|(\d\d)(?:(\d\d)(\d{3})?)?)?/.exec(rest);
  if (match === null) return -1;
  const [whole, sign, hours] = match as unknown as [string, string, string];
  const minutes = Number(match[3] ?? match[6] ?? 0);
  const seconds = Number(match[4] ?? match[7] ?? 0);
  if (Number(hours) > 23 || minutes > 59 || seconds > 59) return -1;
  const size = ((Number(hours) * 60 + minutes) * 60 + seconds) * 1000 + Number(match[5] ?? match[8] ?? 0);
  bucket.offsetMs = sign === '-' ? -size : size;
  return at + whole.length;
};

const zoneName: FieldParser = (text, at, bucket) => {
  const name = Object.keys(ZONES)
    .filter((one) => text.startsWith(one, at))
    .sort((a, b) => b.length - a.length)[0];
  if (name === undefined) return -1;
  bucket.zone = ZONES[name]!;
  bucket.offsetMs = null;
  return at + name.length;
};

/** An IANA name, the longest that is known. */
const zoneId: FieldParser = (text, at, bucket) => {
  const shape = /^[A-Z][A-Za-z]*(?:\/[A-Za-z0-9_+-]+)*/.exec(text.slice(at))?.[0] ?? '';
  for (let end = shape.length; end > 0; end--) {
    if (!isZone(shape.slice(0, end))) continue;
    bucket.zone = shape.slice(0, end);
    bucket.offsetMs = null;
    return at + end;
  }
  return -1;
};

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
