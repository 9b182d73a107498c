// Light or dark: what the system says, or what was chosen in the rail. CSS has both values of each
// colour in one place (light-dark()); all that changes is data-theme on <html>.
import { Store } from "./store";

export type Theme = "system" | "light" | "dark";
const KEY = "rectrain.theme";

function stored(): Theme {
    try {
        const value = localStorage.getItem(KEY);
        return value === "light" || value === "dark" ? value : "system";
    } catch {
        return "system"; // storage may be switched off
    }
}

export const theme = new Store<Theme>(typeof localStorage === "undefined" ? "system" : stored());

export function setTheme(next: Theme): void {
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
        if (next === "system") localStorage.removeItem(KEY);
        else localStorage.setItem(KEY, next);
    } catch {
        // Then it holds until the page is left.
    }
    theme.set(next);
}

/** Call back when the colours change, by the switch or by the system. */
export function onColours(listener: () => void): () => void {
    const media = matchMedia("(prefers-color-scheme: dark)");
    media.addEventListener("change", listener);
    const stop = theme.subscribe(listener);
    return () => {
        media.removeEventListener("change", listener);
        stop();
    };
}

/** A colour token as canvas takes it: cssColour("--series-1") → "rgb(0, 114, 178)". */
export function cssColour(name: string): string {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
}
