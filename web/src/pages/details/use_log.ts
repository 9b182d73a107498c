// The log of a job, for a page that shows it.
import { useEffect, useRef, useState } from "preact/hooks";
import { LogTail, type LogText } from "./log_tail";

export interface LogView extends LogText {
    reload: () => void;
}

export function useLog(id: number, size_bytes: number, enabled: boolean): LogView {
    const [view, setView] = useState<LogText>({ text: "", starts_at: 0, is_loading: true, error: null });
    const tail = useRef<LogTail | null>(null);
    useEffect(() => {
        if (!enabled) return;
        const mine = new LogTail(id, setView);
        tail.current = mine;
        mine.read();
        return () => mine.stop();
    }, [id, enabled]);
    useEffect(() => {
        tail.current?.grow(size_bytes);
    }, [size_bytes]);
    return { ...view, reload: () => tail.current?.read() };
}
