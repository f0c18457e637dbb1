import { useCallback, useState } from "react";

/** The beginning of a long list, and how to have more of it: what nobody sees is not laid out. */
export function useFirst<T>(items: readonly T[], step: number): [readonly T[], boolean, () => Promise<void>] {
  const [shown, setShown] = useState(step);
  const more = useCallback(async () => setShown((before) => before + step), [step]);
  return [items.slice(0, shown), items.length > shown, more];
}
