/** Trying again: a little later each time, and not at all before there is a network. */

const ATTEMPTS = 4;

export async function patiently<T>(
  ask: () => Promise<T>,
  worthAnother: (error: unknown) => boolean,
  attempt = 1,
): Promise<T> {
  await online();
  try {
    return await ask();
  } catch (error) {
    const counted = navigator.onLine ? attempt : 0;
    if (counted === ATTEMPTS || !worthAnother(error)) throw error;
    await new Promise((resolve) => setTimeout(resolve, 400 * 2 ** counted * (0.5 + Math.random())));
    return patiently(ask, worthAnother, counted + 1);
  }
}

function online(): Promise<unknown> {
  if (navigator.onLine) return Promise.resolve();
  return new Promise((resolve) => addEventListener("online", resolve, { once: true }));
}
