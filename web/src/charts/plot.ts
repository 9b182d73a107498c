// A line chart on a canvas: uPlot with direct labels at the ends of lines, levels across, a
// crosshair, and a zoom that stays while data comes in. Loaded only where a chart is shown.

import uPlot from "uplot";
import { canvasFont, colour, colourName, dashOf } from "./palette";
import { align, rangeOf, spread, type Reference, type Series } from "./series";

export interface PlotOptions {
    xTitle: string;
    yTitle: string;
    xWhole: boolean; // x counts something: no ticks between whole numbers
    formatX: (x: number) => string;
    formatY: (y: number) => string; // of ticks
    labelLines: boolean; // write each curve's name at its end
    onCursor: (x: number | null, left: number) => void; // x of the crosshair; its place in CSS pixels
    onZoom: (zoomed: boolean) => void;
}

const FONT = 12; // CSS pixels
const LINE = 15;
const LABEL_GAP = 6;
const LABEL_MAX = 180;
const WHOLE_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

export class Plot {
    private chart: uPlot | null = null;
    private series: readonly Series[] = [];
    private references: readonly Reference[] = [];
    private zoomed = false;

    constructor(
        private readonly host: HTMLElement,
        private options: PlotOptions,
    ) {}

    /** Show these curves. The zoom stays; so does the crosshair. */
    update(series: readonly Series[], references: readonly Reference[], options: PlotOptions) {
        const same =
            this.chart !== null &&
            keysOf(series) === keysOf(this.series) &&
            options.xTitle === this.options.xTitle &&
            options.yTitle === this.options.yTitle;
        const window = this.zoomed ? this.window() : null;
        const axisChanged = options.xTitle !== this.options.xTitle;
        this.series = series;
        this.references = references;
        this.options = options;
        if (!same) this.build();
        if (window !== null && !axisChanged) this.setWindow(window.min, window.max, true);
        else if (same) this.chart!.setData(this.data());
        if (axisChanged) this.setZoomed(false);
    }

    resize(width: number, height: number) {
        if (this.chart === null) this.build(width, height);
        else if (this.chart.width !== width || this.chart.height !== height)
            this.chart.setSize({ width, height });
    }

    /** Colours are looked up anew with each drawing. */
    redraw() {
        this.chart?.redraw(false, true);
    }

    resetZoom() {
        this.setZoomed(false);
        this.chart?.setData(this.data());
    }

    /** Move the crosshair by so many points, as arrow keys do. */
    moveCursor(by: number) {
        const chart = this.chart;
        const xs = chart?.data[0];
        if (!chart || !xs || xs.length === 0) return;
        const at = chart.cursor.idx ?? (by > 0 ? -1 : xs.length);
        const index = Math.min(xs.length - 1, Math.max(0, at + by));
        const left = chart.valToPos(xs[index]!, "x");
        chart.setCursor({ left, top: chart.over.clientHeight / 2 });
    }

    hideCursor() {
        this.chart?.setCursor({ left: -10, top: -10 });
    }

    /** Zoom in (above 1) or out around the crosshair, or the middle. */
    zoomBy(factor: number) {
        const window = this.window();
        const xs = this.chart?.data[0];
        if (window === null || !xs || xs.length < 2) return;
        const at = this.chart!.cursor.idx;
        const middle = at != null ? xs[at]! : (window.min + window.max) / 2;
        const low = Math.max(xs[0]!, middle - (middle - window.min) / factor);
        const high = Math.min(xs[xs.length - 1]!, middle + (window.max - middle) / factor);
        if (low <= xs[0]! && high >= xs[xs.length - 1]!) this.resetZoom();
        else if (high > low) {
            this.setZoomed(true);
            this.setWindow(low, high, false);
        }
    }

    /** The picture as it stands, on the surface's colour, with the title on top. */
    async picture(title: string): Promise<Blob | null> {
        const source = this.chart?.ctx.canvas;
        if (!source) return null;
        const ratio = uPlot.pxRatio;
        const head = 36 * ratio;
        const canvas = document.createElement("canvas");
        canvas.width = source.width;
        canvas.height = source.height + head;
        const ink = canvas.getContext("2d")!;
        ink.fillStyle = colour("--surface");
        ink.fillRect(0, 0, canvas.width, canvas.height);
        ink.fillStyle = colour("--text");
        ink.font = canvasFont(FONT * ratio, 600);
        ink.fillText(title, 16 * ratio, 24 * ratio);
        ink.drawImage(source, 0, head);
        return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    }

    destroy() {
        this.chart?.destroy();
        this.chart = null;
    }

    private data(): uPlot.AlignedData {
        const { x, ys } = align(this.series);
        return [x, ...ys];
    }

    private window() {
        const scale = this.chart?.scales["x"];
        return scale?.min != null && scale.max != null ? { min: scale.min, max: scale.max } : null;
    }

    private setWindow(min: number, max: number, withData: boolean) {
        const chart = this.chart!;
        chart.batch(() => {
            if (withData) chart.setData(this.data(), false);
            chart.setScale("x", { min, max });
        });
    }

    private setZoomed(zoomed: boolean) {
        if (this.zoomed === zoomed) return;
        this.zoomed = zoomed;
        this.options.onZoom(zoomed);
    }

    private build(width = this.host.clientWidth, height = this.host.clientHeight) {
        this.chart?.destroy();
        this.chart = null;
        if (width === 0 || height === 0) return;
        this.chart = new uPlot(this.settings(width, height), this.data(), this.host);
    }

    private settings(width: number, height: number): uPlot.Options {
        return {
            width,
            height,
            legend: { show: false },
            padding: [12, () => this.labelRoom(), 0, 0],
            cursor: {
                drag: { x: true, y: false },
                points: { size: 7 },
                bind: {
                    dblclick: (chart, _target, handler) => (event) => {
                        this.setZoomed(false);
                        chart.setData(this.data());
                        handler(event);
                        return null;
                    },
                },
            },
            scales: {
                x: { time: false, range: (_chart, low, high) => [low, high > low ? high : low + 1] },
                y: { range: (_chart, low, high) => this.yRange(low, high) },
            },
            axes: [this.xAxis(), this.yAxis()],
            series: [{}, ...this.series.map((_, index) => this.curve(index))],
            hooks: {
                draw: [(chart) => this.drawReferences(chart), (chart) => this.drawLabels(chart)],
                setSelect: [(chart) => chart.select.width > 0 && this.setZoomed(true)],
                setCursor: [(chart) => this.tellCursor(chart)],
            },
        };
    }

    private yRange(low: number, high: number): [number, number] {
        const [bottom, top] = rangeOf(
            low,
            high,
            this.references.map((one) => one.value),
        );
        return [bottom, top];
    }

    private curve(index: number): uPlot.Series {
        const stroke = () => colour(colourName(index));
        const few = (this.series[index]?.points.length ?? 0) <= 30;
        return {
            stroke,
            width: 2,
            dash: dashOf(index),
            spanGaps: true,
            points: { show: few || undefined, size: 5, stroke, fill: stroke },
        };
    }

    private axis(title: string): uPlot.Axis {
        return {
            label: title,
            labelSize: 20,
            labelFont: canvasFont(FONT),
            font: canvasFont(FONT),
            stroke: () => colour("--text-muted"),
            grid: { stroke: () => colour("--chart-grid"), width: 1 },
            ticks: { show: false },
            border: { show: true, stroke: () => colour("--chart-axis"), width: 1 },
            gap: 6,
        };
    }

    private xAxis(): uPlot.Axis {
        return {
            ...this.axis(this.options.xTitle),
            size: 26,
            space: 48,
            values: (_chart, splits) => splits.map((x) => this.options.formatX(x)),
            ...(this.options.xWhole ? { incrs: WHOLE_STEPS } : {}),
        };
    }

    private yAxis(): uPlot.Axis {
        return {
            ...this.axis(this.options.yTitle),
            space: 32,
            size: (chart, values) => {
                const ink = chart.ctx;
                ink.save();
                ink.font = canvasFont(FONT);
                const widths = (values ?? []).map((value) => ink.measureText(value).width);
                ink.restore();
                return Math.ceil(Math.max(24, ...widths)) + 12;
            },
            values: (_chart, splits) => splits.map((y) => this.options.formatY(y)),
        };
    }

    /** Room on the right for the longest label, within limits. */
    private labelRoom(): number {
        const chart = this.chart;
        if (!this.options.labelLines) return 12;
        const ink = chart?.ctx ?? document.createElement("canvas").getContext("2d")!;
        ink.save();
        ink.font = canvasFont(FONT);
        const widths = this.series.map((one) => ink.measureText(one.label).width);
        ink.restore();
        const limit = Math.min(LABEL_MAX, (chart?.width ?? this.host.clientWidth) / 4);
        return Math.ceil(Math.min(limit, Math.max(0, ...widths))) + LABEL_GAP * 2;
    }

    private drawReferences(chart: uPlot) {
        const ink = chart.ctx;
        const ratio = uPlot.pxRatio;
        const { left, top, width, height } = chart.bbox;
        ink.save();
        ink.strokeStyle = colour("--text-muted");
        ink.fillStyle = ink.strokeStyle;
        ink.lineWidth = ratio;
        ink.setLineDash([4 * ratio, 4 * ratio]);
        ink.font = canvasFont(FONT * ratio);
        ink.textAlign = "left";
        for (const one of this.references) {
            const y = Math.round(chart.valToPos(one.value, "y", true)) + 0.5;
            if (y < top || y > top + height) continue;
            ink.beginPath();
            ink.moveTo(left, y);
            ink.lineTo(left + width, y);
            ink.stroke();
            const above = y - top > LINE * ratio;
            ink.textBaseline = above ? "bottom" : "top";
            ink.fillText(one.label, left + LABEL_GAP * ratio, y + (above ? -3 : 3) * ratio);
        }
        ink.restore();
    }

    private drawLabels(chart: uPlot) {
        if (!this.options.labelLines) return;
        const ratio = uPlot.pxRatio;
        const { top, height, left, width } = chart.bbox;
        const ends = this.series
            .map((_, index) => ({ index, at: this.lastVisible(chart, index + 1) }))
            .filter((end) => end.at !== null);
        const wanted = ends.map((end) => {
            const y = chart.valToPos(end.at!, "y", true);
            return Math.min(top + height, Math.max(top, y));
        });
        const places = spread(wanted, LINE * ratio, top, top + height);
        const ink = chart.ctx;
        ink.save();
        ink.font = canvasFont(FONT * ratio, 500);
        ink.textAlign = "left";
        ink.textBaseline = "middle";
        const x = left + width + LABEL_GAP * ratio;
        const room = ink.canvas.width - x - 2 * ratio;
        ends.forEach((end, place) => {
            ink.fillStyle = colour(colourName(end.index));
            ink.fillText(shorten(ink, this.series[end.index]!.label, room), x, places[place]!);
        });
        ink.restore();
    }

    /** The last value of a column within the window. */
    private lastVisible(chart: uPlot, column: number): number | null {
        const xs = chart.data[0];
        const ys = chart.data[column];
        const max = chart.scales["x"]?.max;
        if (!ys || max == null) return null;
        for (let i = xs.length - 1; i >= 0; i--)
            if (xs[i]! <= max && ys[i] != null) return ys[i] as number;
        return null;
    }

    private tellCursor(chart: uPlot) {
        const { idx, left } = chart.cursor;
        if (idx == null || left == null || left < 0) this.options.onCursor(null, 0);
        else {
            const x = chart.data[0][idx]!;
            this.options.onCursor(x, chart.valToPos(x, "x") + chart.bbox.left / uPlot.pxRatio);
        }
    }
}

function keysOf(series: readonly Series[]): string {
    return series.map((one) => `${one.key}\u0000${one.label}`).join("\u0001");
}

function shorten(ink: CanvasRenderingContext2D, text: string, room: number): string {
    if (ink.measureText(text).width <= room) return text;
    let length = text.length;
    while (length > 1 && ink.measureText(text.slice(0, length) + "…").width > room) length--;
    return text.slice(0, length) + "…";
}
