const SLOW_UPDATE_MS = 200;

/** A store for React's `useSyncExternalStore`. It notifies its subscribers at most once per frame. */
export abstract class BatchedStore<T> {
  private current?: T;
  private readonly listeners = new Set<() => void>();
  private scheduled = false;

  /** Returns the current state: a new object after each change, in which unchanged parts are the same objects. */
  protected abstract snapshot(): T;

  read = (): T => {
    this.current ??= this.snapshot();
    return this.current;
  };

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  protected changed(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // A hidden page gets no animation frames, but must be updated too.
    if (document.hidden || this.large) setTimeout(this.flush, SLOW_UPDATE_MS);
    else requestAnimationFrame(this.flush);
  }

  /** True when the state is so large that an update in every frame would make the page slow. */
  protected get large(): boolean {
    return false;
  }

  private flush = (): void => {
    this.scheduled = false;
    this.current = this.snapshot();
    for (const listener of this.listeners) listener();
  };
}
