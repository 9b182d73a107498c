// A value that pages share and hear of when it changes.
import { useEffect, useState } from "preact/hooks";

export class Store<T> {
    private listeners = new Set<(value: T) => void>();

    constructor(private current: T) {}

    get value(): T {
        return this.current;
    }

    set(value: T): void {
        if (Object.is(value, this.current)) return;
        this.current = value;
        for (const listener of [...this.listeners]) listener(value);
    }

    subscribe(listener: (value: T) => void): () => void {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }
}

export function useStore<T>(store: Store<T>): T {
    const [value, setValue] = useState<T>(store.value);
    useEffect(() => {
        setValue(() => store.value); // it may have changed between drawing and now
        return store.subscribe((next) => setValue(() => next));
    }, [store]);
    return value;
}
