// The icons, drawn in a square of 16 with a line of 1.5. They stand beside words, so they are hidden
// from screen readers.
const paths = {
    train: "M2 13.5h12M3.5 11V8M7 11V5M10.5 11V7M13.5 11V2.5",
    box: "M8 1.8 14 5v6l-6 3.2L2 11V5zM2.2 5.1 8 8.2l5.8-3.1M8 8.2v5.8",
    list: "M6 3.5h8M6 8h8M6 12.5h8M2.5 3.5h.01M2.5 8h.01M2.5 12.5h.01",
    tag: "M2 2.5h5.5l6.5 6.5-5 5L2.5 7.5zM5 5.5h.01",
    undo: "M5.5 3 2.5 6l3 3M2.5 6h7a4 4 0 0 1 0 8H6",
    up: "M8 13V3M4 7l4-4 4 4",
    upload: "M8 11V2.5M4.5 6 8 2.5 11.5 6M2.5 13.5h11",
    compare: "M5.5 2v12M10.5 2v12M2 5h3.5M2 10h3.5M10.5 4H14M10.5 8H14M10.5 12H14",
    system: "M2.5 2.5h11v4.5h-11zM2.5 9h11v4.5h-11zM5 4.8h.01M5 11.3h.01",
    user: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14c.6-2.6 2.8-4 5.5-4s4.9 1.4 5.5 4",
    docs: "M3.5 1.8h6l3 3v9.4h-9zM9.5 1.8v3h3M5.5 8h5M5.5 11h5",
    clock: "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4zM8 4.5V8l2.5 1.5",
    check: "M3 8.5 6.5 12 13 4.5",
    cross: "M4 4l8 8M12 4l-8 8",
    bar: "M3.5 8h9",
    alert: "M8 1.8 14.8 13.8H1.2zM8 6v4M8 12h.01",
    info: "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4zM8 7.2v4M8 4.8h.01",
    search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6 14 14",
    folder: "M1.8 3.5h4.5l1.5 2h6.4v7.5H1.8z",
    down: "M4 6l4 4 4-4",
    right: "M6 4l4 4-4 4",
    left: "M10 4 6 8l4 4",
    sort_up: "M8 12.5v-9M4.5 7 8 3.5 11.5 7",
    sort_down: "M8 3.5v9M4.5 9 8 12.5 11.5 9",
    columns: "M2.5 2.5h11v11h-11zM6.2 2.5v11M9.8 2.5v11",
    more: "M8 3.2v.6M8 7.7v.6M8 12.2v.6",
    plus: "M8 3v10M3 8h10",
    pencil: "M2.5 13.5l.8-3.2 7.4-7.4a1.4 1.4 0 0 1 2 0l.4.4a1.4 1.4 0 0 1 0 2L5.7 12.7z",
    copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
    download: "M8 2v8.5M4.5 7 8 10.5 11.5 7M2.5 13.5h11",
    trash: "M2.5 4h11M6 4V2.3h4V4M4 4l.7 9.7h6.6L12 4M6.7 6.5v4.7M9.3 6.5v4.7",
    retry: "M13 8a5 5 0 1 1-1.6-3.7M13.2 1.8v3h-3",
    stop: "M4 4h8v8H4z",
    sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9 13 13M13 3l-1.1 1.1M4.1 11.9 3 13",
    moon: "M13.5 9.5A5.8 5.8 0 0 1 6.5 2.5a5.8 5.8 0 1 0 7 7z",
    screen: "M1.8 2.5h12.4v8.5H1.8zM5.5 14h5M8 11v3",
    menu: "M2.5 4h11M2.5 8h11M2.5 12h11",
    external: "M6 3H3v10h10v-3M9 2.5h4.5V7M13.5 2.5 7.5 8.5",
    keyboard: "M1.5 4h13v8h-13zM4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M4.5 9.5h7",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
    return (
        <svg class={`icon icon-${name}`} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d={paths[name]} />
        </svg>
    );
}
