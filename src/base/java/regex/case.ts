/**
 * Letter case as java.util.regex knows it: without (?u) only a–z and A–Z have a case; with it, two
 * characters are the same when Character.toLowerCase(Character.toUpperCase(c)) is. The flag i of JavaScript
 * folds otherwise (it takes the Kelvin sign for a k and not the dotless ı for an i), so it is never used.
 */

/** Above it the letters with case belong to scripts such as Adlam, which lie below the second limit. */
const CASED_BELOW = 0x20000;

/** Simple upper case where the full one, which JavaScript gives, is of more than one character. */
function simpleUpper(point: number): number {
  if ((point >= 0x1f80 && point <= 0x1f87) || (point >= 0x1f90 && point <= 0x1f97)) return point + 8;
  if (point >= 0x1fa0 && point <= 0x1fa7) return point + 8;
  if (point === 0x1fb3 || point === 0x1fc3 || point === 0x1ff3) return point + 9;
  return point;
}

/** Java's Character.toUpperCase(int). */
export function upperOf(point: number): number {
  const upper = String.fromCodePoint(point).toUpperCase();
  return isOnePoint(upper) ? upper.codePointAt(0)! : simpleUpper(point);
}

/** Java's Character.toLowerCase(int). Only İ has a longer full form. */
export function lowerOf(point: number): number {
  return point === 0x130 ? 0x69 : String.fromCodePoint(point).toLowerCase().codePointAt(0)!;
}

function isOnePoint(text: string): boolean {
  return text.length === (text.codePointAt(0)! > 0xffff ? 2 : 1);
}

export function foldOf(point: number): number {
  return lowerOf(upperOf(point));
}

let folds: Map<number, number[]> | null = null;

/** Characters that fold to another one, or that another one folds to, by what they fold to. */
function foldTable(): Map<number, number[]> {
  if (folds !== null) return folds;
  folds = new Map();
  for (let point = 0; point < CASED_BELOW; point++) {
    const fold = foldOf(point);
    if (fold === point && upperOf(point) === point) continue;
    const group = folds.get(fold);
    if (group === undefined) folds.set(fold, fold === point ? [point] : [fold, point]);
    else if (!group.includes(point)) group.push(point);
  }
  return folds;
}

/** All characters that (?iu) takes for the given one, itself among them. */
export function sameLetters(point: number): readonly number[] {
  return foldTable().get(foldOf(point)) ?? [point];
}

/** Characters outside of a range that (?iu) takes for one inside. */
export function lettersOfRange(from: number, to: number): readonly number[] {
  const inside = (point: number) => point >= from && point <= to;
  return [...foldTable().values()]
    .flat()
    .filter((point) => !inside(point) && (inside(upperOf(point)) || inside(foldOf(point))));
}
