/** Words of a shell. */

/** A word that a shell takes as it is: whatever is not plainly harmless is quoted. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
