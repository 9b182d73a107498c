// The manual on problems, with the one that was asked for marked.
import { useEffect, useMemo } from "preact/hooks";
import text from "../../../../docs/troubleshooting.md";
import { words } from "../shared";
import { blocksOf, codesOf, type Block, inlineOf } from "./manual";

export default function Troubleshooting({ code }: { code: string }) {
    const blocks = useMemo(() => blocksOf(text), []);
    useEffect(() => {
        if (code) document.getElementById(code)?.scrollIntoView({ block: "center" });
    }, [code]);
    return (
        <div class="manual">
            {blocks.map((block, index) => (
                <BlockView key={index} block={block} code={code} />
            ))}
        </div>
    );
}

function BlockView({ block, code }: { block: Block; code: string }) {
    if (block.kind === "heading")
        return block.level === 1 ? null : (
            <h2>
                <Line text={block.text} />
            </h2>
        );
    if (block.kind === "paragraph")
        return (
            <p>
                <Line text={block.text} />
            </p>
        );
    return (
        <div class="manual-entries">
            {block.rows.map((cells) => (
                <Entry key={cells[0]} cells={cells} header={block.header} code={code} />
            ))}
        </div>
    );
}

/** A row as a card: its codes on top, then what each column says. */
function Entry({ cells, header, code }: { cells: string[]; header: string[]; code: string }) {
    const codes = codesOf(cells[0] ?? "");
    return (
        <section class={codes.includes(code) ? "manual-entry manual-here" : "manual-entry"}>
            <h3>
                {codes.length > 0
                    ? codes.map((one) => (
                          <a key={one} id={one} href={`/docs?topic=troubleshooting#${one}`}>
                              <code>{one}</code>
                          </a>
                      ))
                    : cells[0]}
            </h3>
            <dl class="facts">
                {cells.slice(1).map((cell, index) => (
                    <div key={index} class="fact">
                        <dt>{words(header[index + 1] ?? "")}</dt>
                        <dd>
                            <Line text={cell} />
                        </dd>
                    </div>
                ))}
            </dl>
        </section>
    );
}

/** Links to other manuals lead nowhere in the program: their text is shown alone. */
function Line({ text: line }: { text: string }) {
    return (
        <>
            {inlineOf(line).map((piece, index) => {
                if (piece.code) return <code key={index}>{piece.text}</code>;
                if (piece.href && /^https?:/.test(piece.href))
                    return (
                        <a key={index} href={piece.href}>
                            {piece.text}
                        </a>
                    );
                return piece.text;
            })}
        </>
    );
}
