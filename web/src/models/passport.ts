// The passport of a model's data (docs/result.md) as rows to read; what is not there is left out.
import { bytes, day, number, plural } from "../lib/format";

interface Passport {
    source?: string;
    files?: { name?: string; bytes?: number; rows?: number }[];
    time?: { min?: string; max?: string; threshold?: string };
    eval_days?: number;
}

export function passportRows(data: Record<string, unknown> | null): [string, string][] {
    const { files = [], time, eval_days } = (data ?? {}) as Passport;
    const rows: [string, string][] = [];
    for (const file of files) {
        const facts = [file.rows == null ? "" : plural(file.rows, "row"), file.bytes == null ? "" : bytes(file.bytes)];
        rows.push([file.name ?? "File", facts.filter(Boolean).join(", ") || "–"]);
    }
    if (time?.min && time.max) rows.push(["Dates", `${day(time.min)} to ${day(time.max)}`]);
    if (time?.threshold) rows.push(["Held out", `after ${day(time.threshold)}`]);
    else if (eval_days != null) rows.push(["Held out", `the last ${number(eval_days)} days`]);
    return rows;
}
