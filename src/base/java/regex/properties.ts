/**
 * The names that Java takes in \p{…}, as the inside of a JavaScript character class (flag v). Categories and
 * scripts come from the running engine, whose Unicode version is newer than that of Java 17: characters that
 * were added since may be members here and not there. Blocks (\p{In…}) are the usual ones.
 */

/** POSIX classes (ASCII only) and methods of java.lang.Character. */
const OWN: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7f',
  Alpha: 'A-Za-z',
  Digit: '0-9',
  Alnum: 'A-Za-z0-9',
  Punct: '!-\\/\\:-@\\[-`\\{-~',
  Graph: '!-~',
  Print: ' -~',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1f\\x7f',
  XDigit: '0-9a-fA-F',
  Space: ' \\t\\n\\x0b\\f\\r',
  L1: '\\x00-\\xff',
  LD: '\\p{L}\\p{Nd}',
  all: '\\x00-\\u{10ffff}',
  javaLowerCase: '\\p{Lowercase}',
  javaUpperCase: '\\p{Uppercase}',
  javaTitleCase: '\\p{Lt}',
  javaAlphabetic: '\\p{Alphabetic}',
  javaIdeographic: '\\p{Ideographic}',
  javaDigit: '\\p{Nd}',
  javaDefined: '\\P{Cn}',
  javaLetter: '\\p{L}',
  javaLetterOrDigit: '\\p{L}\\p{Nd}',
  javaJavaIdentifierStart: '\\p{L}\\p{Nl}\\p{Sc}\\p{Pc}',
  javaIdentifierIgnorable: '\\x00-\\x08\\x0e-\\x1b\\x7f-\\x9f\\p{Cf}',
  javaSpaceChar: '\\p{Z}',
  javaWhitespace: '\\t-\\r\\x1c-\\x1f[\\p{Z}--[\\xa0\\u2007\\u202f]]',
  javaISOControl: '\\x00-\\x1f\\x7f-\\x9f',
  javaMirrored: '\\p{Bidi_Mirrored}',
};

const CATEGORIES = new Set(
  'Cn Lu Ll Lt Lm Lo Mn Me Mc Nd Nl No Zs Zl Zp Cc Cf Co Cs Pd Ps Pe Pc Po Sm Sc Sk So Pi Pf L M N Z C P S LC'.split(
    ' ',
  ),
);

const GRAPH = '[^\\p{Z}\\p{Cc}\\p{Cs}\\p{Cn}]';

/** Behind `Is`, in any letter case. */
const BINARY: Readonly<Record<string, string>> = {
  ALPHABETIC: '\\p{Alphabetic}',
  LETTER: '\\p{L}',
  IDEOGRAPHIC: '\\p{Ideographic}',
  LOWERCASE: '\\p{Lowercase}',
  UPPERCASE: '\\p{Uppercase}',
  TITLECASE: '\\p{Lt}',
  WHITE_SPACE: '\\p{White_Space}',
  WHITESPACE: '\\p{White_Space}',
  CONTROL: '\\p{Cc}',
  PUNCTUATION: '\\p{P}',
  HEX_DIGIT: '\\p{Nd}\\p{Hex_Digit}',
  HEXDIGIT: '\\p{Nd}\\p{Hex_Digit}',
  ASSIGNED: '\\P{Cn}',
  DIGIT: '\\p{Nd}',
  ALNUM: '\\p{Alphabetic}\\p{Nd}',
  BLANK: '\\p{Zs}\\t',
  JOIN_CONTROL: '\\p{Join_Control}',
  JOINCONTROL: '\\p{Join_Control}',
  NONCHARACTER_CODE_POINT: '\\p{Noncharacter_Code_Point}',
  NONCHARACTERCODEPOINT: '\\p{Noncharacter_Code_Point}',
  ALPHA: '\\p{Alphabetic}',
  LOWER: '\\p{Lowercase}',
  UPPER: '\\p{Uppercase}',
  SPACE: '\\p{White_Space}',
  PUNCT: '\\p{P}',
  CNTRL: '\\p{Cc}',
  XDIGIT: '\\p{Nd}\\p{Hex_Digit}',
  GRAPH,
  PRINT: `${GRAPH}\\p{Zs}`,
  WORD: '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}',
};

/** Under (?i) these stand for letters of any case. */
const ANY_CASE: Readonly<Record<string, string>> = {
  Lower: OWN.Alpha!,
  Upper: OWN.Alpha!,
  Lu: '\\p{LC}',
  Ll: '\\p{LC}',
  Lt: '\\p{LC}',
};
const ANY_CASE_FULL = '\\p{Lowercase}\\p{Uppercase}\\p{Lt}';
const CASED = /^(?:java)?(?:Lower|Upper|Title)(?:Case)?$/i;

/** Without blanks and underscores. */
const BLOCKS: Readonly<Record<string, string>> = {
  BASICLATIN: '\\x00-\\x7f',
  'LATIN-1SUPPLEMENT': '\\x80-\\xff',
  LATIN1SUPPLEMENT: '\\x80-\\xff',
  'LATINEXTENDED-A': '\\u0100-\\u017f',
  LATINEXTENDEDA: '\\u0100-\\u017f',
  'LATINEXTENDED-B': '\\u0180-\\u024f',
  LATINEXTENDEDB: '\\u0180-\\u024f',
  GREEK: '\\u0370-\\u03ff',
  GREEKANDCOPTIC: '\\u0370-\\u03ff',
  CYRILLIC: '\\u0400-\\u04ff',
  HEBREW: '\\u0590-\\u05ff',
  ARABIC: '\\u0600-\\u06ff',
  THAI: '\\u0e00-\\u0e7f',
  GENERALPUNCTUATION: '\\u2000-\\u206f',
  HIRAGANA: '\\u3040-\\u309f',
  KATAKANA: '\\u30a0-\\u30ff',
  CJKUNIFIEDIDEOGRAPHS: '\\u4e00-\\u9fff',
  HANGULSYLLABLES: '\\uac00-\\ud7af',
};

/** The inside of a class for the name in \p{…}; null when it is unknown. */
export function propertySet(name: string, anyCase: boolean): string | null {
  const equals = name.indexOf('=');
  if (equals >= 0) {
    const value = name.slice(equals + 1);
    switch (name.slice(0, equals).toLowerCase()) {
      case 'sc':
      case 'script':
        return script(value);
      case 'blk':
      case 'block':
        return block(value);
      case 'gc':
      case 'general_category':
        return general(value, anyCase);
      default:
        return null;
    }
  }
  if (name.startsWith('In')) return block(name.slice(2));
  if (!name.startsWith('Is')) return general(name, anyCase);
  const rest = name.slice(2);
  const upper = rest.toUpperCase();
  if (Object.hasOwn(BINARY, upper)) return anyCase && CASED.test(rest) ? ANY_CASE_FULL : BINARY[upper]!;
  return general(rest, anyCase) ?? script(rest);
}

function general(name: string, anyCase: boolean): string | null {
  if (anyCase && Object.hasOwn(ANY_CASE, name)) return ANY_CASE[name]!;
  if (Object.hasOwn(OWN, name)) return anyCase && CASED.test(name) ? ANY_CASE_FULL : OWN[name]!;
  return CATEGORIES.has(name) ? `\\p{${name}}` : null;
}

function block(name: string): string | null {
  const key = name.replace(/[ _]/g, '').toUpperCase();
  return Object.hasOwn(BLOCKS, key) ? BLOCKS[key]! : null;
}

/** Java takes names and codes of scripts in any letter case, JavaScript only as Unicode writes them. */
function script(name: string): string | null {
  if (!/^[A-Za-z_]+$/.test(name)) return null;
  const usual = name.toLowerCase().replace(/(?:^|_)[a-z]/g, (start) => start.toUpperCase());
  try {
    new RegExp(`\\p{Script=${usual}}`, 'v');
  } catch {
    return null;
  }
  return `\\p{Script=${usual}}`;
}
