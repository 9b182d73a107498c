// A chart with what belongs to it: values under the crosshair, zoom, its data as a table, and both
// as files. The drawing itself (uPlot) is loaded when the first chart appears.

import { useEffect, useId, useRef, useState } from "preact/hooks";
import { colourName, dashOf, onColourChange } from "./palette";
import type { Plot, PlotOptions } from "./plot";
import { csvText, nearest, tableOf, type Reference, type Series } from "./series";

export interface ChartProps {
    title: string;
    xTitle: string;
    yTitle: string;
    series: readonly Series[];
    references?: readonly Reference[];
    xWhole?: boolean;
    slack?: number; // how far from the crosshair a curve's own point may lie; default: on its x
    formatX?: (x: number) => string;
    formatY: (y: number) => string;
    formatTick?: (y: number) => string; // on the axis; default: formatY
    fileName: string; // of downloads, without the ending
    empty: string; // said while there is no point
}

const LEGEND_FROM = 5; // curves
const LABELS_UP_TO = 20;
const LABELS_WIDTH = 480; // CSS pixels

const plain = (x: number) => String(x);

export function Chart(props: ChartProps) {
    const { title, series } = props;
    const [cursor, setCursor] = useState<Cursor | null>(null);
    const [zoomed, setZoomed] = useState(false);
    const [tableShown, setTableShown] = useState(false);
    const [width, setWidth] = useState(0);
    const plot = useRef<Plot | null>(null);
    const tableId = useId();
    const hasPoints = series.some((one) => one.points.length > 0);
    const labelled = width >= LABELS_WIDTH && series.length <= LABELS_UP_TO && series.length > 1;
    const options: PlotOptions = {
        xTitle: props.xTitle,
        yTitle: props.yTitle,
        xWhole: props.xWhole ?? false,
        formatX: props.formatX ?? plain,
        formatY: props.formatTick ?? props.formatY,
        labelLines: labelled,
        onCursor: (x, left) => setCursor(x === null ? null : { x, left }),
        onZoom: setZoomed,
    };
    return (
        <figure class="chart">
            <figcaption class="chart-head">
                <h3 class="chart-title">{title}</h3>
                <div class="chart-tools">
                    {zoomed && (
                        <button type="button" class="chart-tool" onClick={() => plot.current?.resetZoom()}>
                            Reset zoom
                        </button>
                    )}
                    <button
                        type="button"
                        class="chart-tool"
                        aria-expanded={tableShown}
                        aria-controls={tableId}
                        disabled={!hasPoints}
                        onClick={() => setTableShown(!tableShown)}
                    >
                        {tableShown ? "Hide data" : "Show data"}
                    </button>
                    <button
                        type="button"
                        class="chart-tool"
                        disabled={!hasPoints}
                        aria-label={`PNG of ${title}`}
                        title="Download as a picture"
                        onClick={() => void savePicture(plot.current, props)}
                    >
                        PNG
                    </button>
                    <button
                        type="button"
                        class="chart-tool"
                        disabled={!hasPoints}
                        aria-label={`CSV of ${title}`}
                        title="Download the data"
                        onClick={() => saveCsv(props)}
                    >
                        CSV
                    </button>
                </div>
            </figcaption>
            <div class="chart-body">
                <Canvas
                    {...{ props, options, plot, hasPoints }}
                    onWidth={setWidth}
                    describe={describe(props)}
                />
                {!hasPoints && <p class="chart-empty">{props.empty}</p>}
                {cursor !== null && <Readout props={props} cursor={cursor} width={width} />}
            </div>
            {(series.length >= LEGEND_FROM || (series.length > 1 && !labelled)) && (
                <Legend series={series} />
            )}
            <div id={tableId} hidden={!tableShown}>
                {tableShown && <DataTable props={props} />}
            </div>
        </figure>
    );
}

interface Cursor {
    x: number;
    left: number;
}

interface CanvasProps {
    props: ChartProps;
    options: PlotOptions;
    plot: { current: Plot | null };
    hasPoints: boolean;
    describe: string;
    onWidth: (width: number) => void;
}

function Canvas({ props, options, plot, hasPoints, describe, onWidth }: CanvasProps) {
    const host = useRef<HTMLDivElement>(null);
    const latest = useRef({ props, options });
    const [failed, setFailed] = useState(false);
    latest.current = { props, options };

    useEffect(() => {
        const element = host.current!;
        let gone = false;
        const observer = new ResizeObserver(() => {
            onWidth(element.clientWidth);
            plot.current?.resize(element.clientWidth, element.clientHeight);
        });
        observer.observe(element);
        const stopTheme = onColourChange(() => plot.current?.redraw());
        import("./plot").then(
            (module) => {
                if (gone) return;
                plot.current = new module.Plot(element, latest.current.options);
                show(plot.current, latest.current);
            },
            () => setFailed(true),
        );
        return () => {
            gone = true;
            observer.disconnect();
            stopTheme();
            plot.current?.destroy();
            plot.current = null;
        };
    }, []);

    useEffect(() => {
        if (plot.current) show(plot.current, { props, options });
    }, [props.series, props.references, options.xTitle, options.yTitle, options.labelLines]);

    if (failed)
        return (
            <p class="chart-empty" role="alert">
                The chart could not be loaded. Its values are under “Show data”; reload the page to try again.
            </p>
        );
    return (
        <div
            ref={host}
            class={hasPoints ? "chart-canvas" : "chart-canvas chart-canvas-empty"}
            role="img"
            aria-label={describe}
            tabIndex={hasPoints ? 0 : -1}
            onKeyDown={(event) => onKey(event, plot.current)}
            onBlur={() => plot.current?.hideCursor()}
        />
    );
}

function show(plot: Plot, { props, options }: { props: ChartProps; options: PlotOptions }) {
    plot.update(props.series, props.references ?? [], options);
}

const KEYS: Record<string, (plot: Plot) => void> = {
    ArrowLeft: (plot) => plot.moveCursor(-1),
    ArrowRight: (plot) => plot.moveCursor(1),
    PageUp: (plot) => plot.moveCursor(-10),
    PageDown: (plot) => plot.moveCursor(10),
    Home: (plot) => plot.moveCursor(-1e9),
    End: (plot) => plot.moveCursor(1e9),
    "+": (plot) => plot.zoomBy(2),
    "-": (plot) => plot.zoomBy(0.5),
    "0": (plot) => plot.resetZoom(),
    Escape: (plot) => plot.hideCursor(),
};

function onKey(event: KeyboardEvent, plot: Plot | null) {
    const action = KEYS[event.key];
    if (!action || !plot || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    action(plot);
}

function Readout({ props, cursor, width }: { props: ChartProps; cursor: Cursor; width: number }) {
    const rows = props.series
        .map((one, index) => ({ one, index, at: nearest(one.points, cursor.x, props.slack ?? 0) }))
        .filter((row) => row.at !== null && Math.abs(row.at[0] - cursor.x) <= (props.slack ?? 0))
        .sort((a, b) => b.at![1] - a.at![1]);
    if (rows.length === 0) return null;
    const side = cursor.left > width / 2 ? "chart-readout chart-readout-left" : "chart-readout";
    return (
        <div class={side} style={{ left: `${cursor.left}px` }} aria-live="polite">
            <div class="chart-readout-x">
                {props.xTitle} {(props.formatX ?? plain)(cursor.x)}
            </div>
            {rows.map(({ one, index, at }) => (
                <div key={one.key} class="chart-readout-row">
                    <Swatch index={index} />
                    {props.series.length > 1 && <span class="chart-readout-name">{one.label}</span>}
                    <span class="num">{props.formatY(at![1])}</span>
                </div>
            ))}
        </div>
    );
}

/** A piece of the curve's own line. */
export function Swatch({ index }: { index: number }) {
    return (
        <svg class="swatch" width="22" height="8" viewBox="0 0 22 8" aria-hidden="true">
            <line
                x1="0"
                y1="4"
                x2="22"
                y2="4"
                stroke={`var(${colourName(index)})`}
                stroke-width="2.5"
                stroke-dasharray={dashOf(index).join(" ") || undefined}
            />
        </svg>
    );
}

function Legend({ series }: { series: readonly Series[] }) {
    return (
        <ul class="chart-legend">
            {series.map((one, index) => (
                <li key={one.key}>
                    <Swatch index={index} /> {one.label}
                </li>
            ))}
        </ul>
    );
}

function DataTable({ props }: { props: ChartProps }) {
    const { header, rows } = tableOf(props.xTitle, props.series);
    return (
        <div class="chart-data" tabIndex={0} role="region" aria-label={`Data of ${props.title}`}>
            <table class="plain-table chart-table">
                <thead>
                    <tr>
                        {header.map((text, index) => (
                            <th key={index} scope="col" class="num">
                                {text}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {rows.map(([x, ...values]) => (
                        <tr key={x}>
                            <th scope="row" class="num">
                                {(props.formatX ?? plain)(x!)}
                            </th>
                            {values.map((value, index) => (
                                <td key={index} class="num">
                                    {value === null ? "–" : props.formatY(value!)}
                                </td>
                            ))}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

/** What the picture says, for those who do not see it. */
function describe(props: ChartProps): string {
    const ends = props.series
        .filter((one) => one.points.length > 0)
        .map((one) => {
            const [x, y] = one.points[one.points.length - 1]!;
            return `${one.label}: ${props.formatY(y)} at ${(props.formatX ?? plain)(x)}`;
        });
    if (ends.length === 0) return `${props.title}: ${props.empty}`;
    const levels = (props.references ?? []).map((one) => one.label);
    return `${props.title}, ${props.yTitle} by ${props.xTitle}. ${[...ends, ...levels].join("; ")}. Arrow keys read the values, plus and minus zoom.`;
}

async function savePicture(plot: Plot | null, props: ChartProps) {
    const blob = await plot?.picture(props.title);
    if (blob) saveAs(blob, `${props.fileName}.png`);
}

function saveCsv(props: ChartProps) {
    const { header, rows } = tableOf(props.xTitle, props.series);
    saveAs(new Blob([csvText([header, ...rows])], { type: "text/csv" }), `${props.fileName}.csv`);
}

export function saveAs(blob: Blob, name: string) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
