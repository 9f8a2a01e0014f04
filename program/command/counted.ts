/** Returns a number with its noun, such as "1 pose" or "2 poses". */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
