const PAUSE = 200;

/** Something that React follows: it tells at most once per frame, however many changes came in it. */
export abstract class BatchedStore<T> {
  private shown?: T;
  private readonly listeners = new Set<() => void>();
  private scheduled = false;

  /** What is shown; a new object per change, its unchanged parts the same. */
  protected abstract picture(): T;

  read = (): T => {
    this.shown ??= this.picture();
    return this.shown;
  };

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  protected changed(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // A hidden page gets no animation frames, and must not fall behind for it.
    if (document.hidden || this.large) setTimeout(this.flush, PAUSE);
    else requestAnimationFrame(this.flush);
  }

  /** So much is shown that a picture for each frame would leave no time for anything else. */
  protected get large(): boolean {
    return false;
  }

  private flush = (): void => {
    this.scheduled = false;
    this.shown = this.picture();
    for (const listener of this.listeners) listener();
  };
}
