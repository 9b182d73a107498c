// Addresses and pages. A link is a plain <a href>: clicks on those that lead to our own pages are
// caught for the whole document and change the page without loading it anew.
import { Store, useStore } from "./store";

export interface Location {
    path: string;
    query: URLSearchParams;
}

export interface Route {
    page: string; // "details"
    params: Record<string, string>;
}

const ROUTES: [RegExp, string][] = [
    [/^\/training\/$/, "training"],
    [/^\/training\/(?<id>[0-9]+)$/, "details"],
    [/^\/compare\/$/, "compare"],
    [/^\/models\/$/, "models"],
    [/^\/models\/(?<id>[0-9]+)$/, "model"],
    [/^\/predictions\/$/, "predictions"],
    [/^\/predictions\/(?<id>[0-9]+)$/, "prediction"],
    [/^\/system\/$/, "system"],
    [/^\/account\/$/, "account"],
    [/^\/docs$/, "docs"],
];

/** The page of a path, or null where it is none of ours: then the server is asked. */
export function matchRoute(path: string): Route | null {
    for (const [pattern, page] of ROUTES) {
        const match = pattern.exec(path);
        if (match) return { page, params: { ...match.groups } };
    }
    return null;
}

/** The address with some of its query set anew; null, "" and false take a name away. */
export function withQuery(at: Location, changes: Record<string, string | number | boolean | null | undefined>): string {
    const query = new URLSearchParams(at.query);
    for (const [name, value] of Object.entries(changes)) {
        if (value == null || value === "" || value === false) query.delete(name);
        else query.set(name, value === true ? "1" : String(value));
    }
    // Commas and slashes may stand in a query as they are, and read better so.
    const text = query.toString().replace(/%2C/g, ",").replace(/%2F/g, "/");
    return at.path + (text ? "?" + text : "");
}

export function parseLocation(url: string): Location {
    const parsed = new URL(url, "http://localhost");
    return { path: parsed.pathname, query: parsed.searchParams };
}

/** Whether a click is the page's to follow: the plain button, no key held, this window. */
export function isPlainClick(event: Pick<MouseEvent, "button" | "metaKey" | "ctrlKey" | "shiftKey" | "altKey">): boolean {
    return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

const has_window = typeof window !== "undefined";
const current = () => parseLocation(has_window ? location.pathname + location.search : "/");
export const here = new Store<Location>(current());

export function useLocation(): Location {
    return useStore(here);
}

/** Go to an address; one that is none of our pages is loaded from the server. */
export function navigate(url: string, options: { replace?: boolean; keep_scroll?: boolean } = {}): void {
    const target = parseLocation(url);
    if (!matchRoute(target.path)) {
        location.assign(url);
        return;
    }
    const same_page = target.path === here.value.path;
    history.replaceState({ ...history.state, scroll: scrollY }, "");
    if (options.replace) history.replaceState(history.state, "", url);
    else history.pushState({ scroll: 0, depth: (history.state?.depth ?? 0) + 1 }, "", url);
    here.set(target);
    if (!same_page && !options.keep_scroll) scrollTo(0, 0);
}

/** Whether going back stays on our pages. */
export function canGoBack(): boolean {
    return (history.state?.depth ?? 0) > 0;
}

function onClick(event: MouseEvent): void {
    if (event.defaultPrevented || !isPlainClick(event)) return;
    const link = (event.target as Element | null)?.closest?.("a[href]") as HTMLAnchorElement | null;
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (!matchRoute(link.pathname)) return;
    if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
    event.preventDefault();
    navigate(link.pathname + link.search + link.hash);
}

export function startRouter(): void {
    history.scrollRestoration = "manual";
    document.addEventListener("click", onClick);
    addEventListener("popstate", () => {
        here.set(current());
        const scroll = history.state?.scroll ?? 0;
        requestAnimationFrame(() => scrollTo(0, scroll));
    });
}

export function setTitle(text: string): void {
    document.title = `${text} · rectrain`;
}
