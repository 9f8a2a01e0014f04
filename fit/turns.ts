/** Milliseconds between turns. */
const interval = 50;

/**
 * A function to await in a loop: every 50 ms it lets timers, signals and the page run, which a loop that only awaits
 * resolved promises never does. Otherwise it returns undefined at once.
 */
export function turns(): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < interval) return undefined;
    return new Promise(resolve => {
      setTimeout(() => {
        last = performance.now();
        resolve();
      });
    });
  };
}
