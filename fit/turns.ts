/** Milliseconds between turns. */
const interval = 50;

/**
 * A function to be awaited in a loop: every 50 ms it lets timers, signals and the page have a turn, which a loop that only awaits
 * computed numbers never does. Between them it costs nothing.
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
