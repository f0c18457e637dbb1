const MAX_ATTEMPTS = 4;

/**
 * Calls `request` up to four times, with a longer random pause before each attempt, as long as `isTransient` is true of
 * its error. While the browser is offline it waits, and attempts that failed offline are not counted.
 */
export async function withRetry<T>(
  request: () => Promise<T>,
  isTransient: (error: unknown) => boolean,
  attempt = 1,
): Promise<T> {
  await online();
  try {
    return await request();
  } catch (error) {
    const counted = navigator.onLine ? attempt : 0;
    if (counted === MAX_ATTEMPTS || !isTransient(error)) throw error;
    await new Promise((resolve) => setTimeout(resolve, 400 * 2 ** counted * (0.5 + Math.random())));
    return withRetry(request, isTransient, counted + 1);
  }
}

function online(): Promise<unknown> {
  if (navigator.onLine) return Promise.resolve();
  return new Promise((resolve) => addEventListener("online", resolve, { once: true }));
}
