// The end of a log that grows: asked for by byte ranges, so that only what is new travels.
import { type ApiError, asApiError, isAborted, request } from "../../lib/api";
import { fromWholeLine } from "./logic";

export interface LogText {
    text: string;
    starts_at: number; // bytes of the log that come before the text
    is_loading: boolean;
    error: ApiError | null;
}

export const TAIL_BYTES = 65_536;
export const TEXT_MAX = 400_000; // characters that are kept on the page

export class LogTail {
    private end = -1; // bytes that were read; -1: none yet
    private size = 0; // that it is known to have
    private starts_at = 0;
    private text = "";
    private decoder = new TextDecoder();
    private abort = new AbortController();
    private is_busy = false;
    private again = false;

    constructor(
        private id: number,
        private show: (view: LogText) => void,
    ) {}

    stop(): void {
        this.abort.abort();
    }

    /** The log has this many bytes now. */
    grow(size_bytes: number): void {
        if (this.is_busy) this.again = true;
        else if (size_bytes !== this.end) this.read();
        this.size = size_bytes;
    }

    read(): void {
        if (this.is_busy) {
            this.again = true;
            return;
        }
        this.is_busy = true;
        this.fetchMore()
            .then(() => this.tell(null))
            .catch((error) => {
                if (isAborted(error)) return;
                const found = asApiError(error);
                const is_empty = found.status === 416 || (found.status === 404 && this.end <= 0);
                if (is_empty) this.end = Math.max(0, this.end); // nothing new, or nothing written yet
                this.tell(is_empty ? null : found);
            })
            .finally(() => {
                this.is_busy = false;
                if (!this.again || this.abort.signal.aborted) return;
                this.again = false;
                if (this.size > this.end) this.read();
            });
    }

    private async fetchMore(): Promise<void> {
        const range = this.end < 0 ? `bytes=-${TAIL_BYTES}` : `bytes=${this.end}-`;
        const options = { signal: this.abort.signal, headers: { Range: range, Accept: "text/plain" } };
        const response = await request("GET", `/api/v1/jobs/${this.id}/log`, undefined, options);
        const bytes = await response.arrayBuffer();
        const start = Number(/bytes (\d+)-/.exec(response.headers.get("Content-Range") ?? "")?.[1] ?? 0);
        if (this.end < 0 || start !== this.end) {
            this.decoder = new TextDecoder();
            this.starts_at = start;
            this.text = fromWholeLine(this.decoder.decode(bytes, { stream: true }), start);
        } else this.text += this.decoder.decode(bytes, { stream: true });
        this.end = start + bytes.byteLength;
        if (this.text.length > TEXT_MAX) {
            this.text = fromWholeLine(this.text.slice(-TEXT_MAX), 1);
            this.starts_at = Math.max(1, this.starts_at);
        }
    }

    private tell(error: ApiError | null): void {
        this.show({ text: this.text, starts_at: this.starts_at, is_loading: false, error });
    }
}
