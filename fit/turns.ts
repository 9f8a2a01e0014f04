/** Milliseconds between pauses. */
const interval = 50;

/**
 * Makes a function to await in a loop. Every 50 ms that function pauses, so that timers, signals and the page can run: in a loop
 * that awaits only resolved promises, they never could. Otherwise it returns undefined at once.
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
