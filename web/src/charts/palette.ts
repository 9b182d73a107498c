// Colours and dashes of curves. The colours are those of Okabe and Ito, which people with any form
// of colour blindness tell apart, a little darker or lighter for contrast with the surface; they
// stand in css/charts.css. No two of the first 35 curves share both colour and dash.

import { cssColour, onColours } from "../lib/theme";

export const COLOURS = 7;
const DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [14, 4]];

export function dashOf(index: number): number[] {
    return [...DASHES[index % DASHES.length]!];
}

export function colourName(index: number): string {
    return `--series-${(index % COLOURS) + 1}`;
}

const values = new Map<string, string>();

/** A colour token as a canvas takes it, in the theme of now. */
export function colour(name: string): string {
    let value = values.get(name);
    if (value === undefined) values.set(name, (value = cssColour(name)));
    return value;
}

/** Calls back when the colours have changed; returns how to stop that. */
export function onColourChange(callback: () => void): () => void {
    return onColours(() => {
        values.clear();
        callback();
    });
}

/** The font of the page at a size, as a canvas takes it. */
export function canvasFont(pixels: number, weight = 400): string {
    return `${weight} ${pixels}px ${getComputedStyle(document.body).fontFamily}`;
}
