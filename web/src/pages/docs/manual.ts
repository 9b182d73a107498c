// Reading docs/troubleshooting.md: headings, paragraphs and tables, which is all that it has. Pure
// functions, tested by node.

export type Block =
    | { kind: "heading"; level: number; text: string }
    | { kind: "paragraph"; text: string }
    | { kind: "table"; header: string[]; rows: string[][] };

/** A piece of a line: text, `code`, or a [link](address). */
export interface Inline {
    text: string;
    code?: boolean;
    href?: string;
}

export function blocksOf(markdown: string): Block[] {
    const blocks: Block[] = [];
    const lines = markdown.split(/\r?\n/);
    for (let i = 0; i < lines.length; i++) {
        const line = lines[i]!;
        const heading = /^(#{1,6}) (.*)$/.exec(line);
        if (heading) blocks.push({ kind: "heading", level: heading[1]!.length, text: heading[2]!.trim() });
        else if (line.startsWith("|")) {
            const rows: string[][] = [];
            for (; i < lines.length && lines[i]!.startsWith("|"); i++) rows.push(cellsOf(lines[i]!));
            i--;
            const body = rows.slice(1).filter((cells) => !cells.every((cell) => /^:?-+:?$/.test(cell)));
            blocks.push({ kind: "table", header: rows[0]!, rows: body });
        } else if (line.trim()) {
            const words = [line.trim()];
            while (lines[i + 1]?.trim() && !/^[#|]/.test(lines[i + 1]!)) words.push(lines[++i]!.trim());
            blocks.push({ kind: "paragraph", text: words.join(" ") });
        }
    }
    return blocks;
}

/** The cells of a row; a bar within code, or after a backslash, parts nothing. */
function cellsOf(line: string): string[] {
    const cells: string[] = [];
    let cell = "";
    let code = false;
    for (let i = 1; i < line.length; i++) {
        const sign = line[i]!;
        if (sign === "\\" && line[i + 1] === "|") cell += line[++i];
        else if (sign === "|" && !code) {
            cells.push(cell.trim());
            cell = "";
        } else {
            if (sign === "`") code = !code;
            cell += sign;
        }
    }
    if (cell.trim()) cells.push(cell.trim());
    return cells;
}

const PIECES = /(`+)\s?(.+?)\s?\1(?!`)|\[([^\]]+)\]\(([^)\s]+)\)|\*([^*]+)\*/g;

export function inlineOf(text: string): Inline[] {
    const pieces: Inline[] = [];
    let last = 0;
    for (const match of text.matchAll(PIECES)) {
        if (match.index > last) pieces.push({ text: text.slice(last, match.index) });
        if (match[1]) pieces.push({ text: match[2]!, code: true });
        else if (match[3]) pieces.push({ text: match[3], href: match[4]! });
        else pieces.push({ text: match[5]! });
        last = match.index + match[0].length;
    }
    if (last < text.length) pieces.push({ text: text.slice(last) });
    return pieces;
}

/** The codes that a row is about, from its first cell: "`open_failed`, `read_failed`". */
export function codesOf(cell: string): string[] {
    return inlineOf(cell)
        .filter((piece) => piece.code && /^[a-z][a-z0-9_]*$/.test(piece.text))
        .map((piece) => piece.text);
}
