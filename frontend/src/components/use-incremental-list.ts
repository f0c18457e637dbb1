import { useCallback, useState } from "react";

/** Returns the first items of a long list, whether there are more, and a function that shows `step` more. */
export function useIncrementalList<T>(
  items: readonly T[],
  step: number,
): [readonly T[], boolean, () => Promise<void>] {
  const [shown, setShown] = useState(step);
  const more = useCallback(async () => setShown((before) => before + step), [step]);
  return [items.slice(0, shown), items.length > shown, more];
}
