// The frame: which page is shown, what the rail tells, and what stands above all pages. The rail
// itself is the server's (pages/shell.html), so that it is there without scripts too.
import { type ComponentType, render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Announcer, Confirm, ErrorPanel, Skeleton, Toasts } from "./components";
import { RailStatus, ThemeSwitch } from "./components/rail";
import { asApiError, type ApiError } from "./lib/api";
import { startLive } from "./lib/live";
import { here, matchRoute, startRouter, useLocation } from "./lib/router";
import Training from "./pages/training";

type Page = ComponentType<{ params: Record<string, string> }>;

const loaders: Record<string, () => Promise<{ default: Page }>> = {
    details: () => import("./pages/details"),
    compare: () => import("./pages/compare"),
    models: () => import("./pages/models"),
    model: () => import("./pages/model"),
    predictions: () => import("./pages/predictions"),
    prediction: () => import("./pages/prediction"),
    system: () => import("./pages/system"),
    account: () => import("./pages/account"),
    docs: () => import("./pages/docs"),
};
const loaded: Record<string, Page> = { training: Training };

function App() {
    const route = matchRoute(useLocation().path);
    const name = route?.page ?? "";
    const [, redraw] = useState(0);
    const [error, setError] = useState<ApiError | null>(null);
    const shown = useRef("");
    useEffect(() => {
        setError(null);
        const load = loaders[name];
        if (loaded[name] || !load) return;
        load()
            .then((module) => {
                loaded[name] = module.default;
                redraw((n) => n + 1);
            })
            .catch((reason) => setError(asApiError(reason)));
    }, [name]);

    const Page = loaded[name];
    const key = name + JSON.stringify(route?.params);
    useEffect(() => {
        if (!Page) return;
        // After a change of pages the focus goes to the new title, not at the first page.
        if (shown.current && shown.current !== key) document.getElementById("page-title")?.focus({ preventScroll: true });
        shown.current = key;
    }, [Page, key]);
    if (error)
        return <ErrorPanel error={error} title="This page could not be loaded" retry={() => location.reload()} />;
    if (!Page || !route) return <Skeleton lines={6} label="Loading the page" />;
    return <Page key={key} params={route.params} />;
}

/** The rail belongs to the server's page: only what changes is done here. */
function startRail(): void {
    const rail = document.querySelector(".rail");
    const menu = rail?.querySelector<HTMLButtonElement>(".rail-menu");
    const setOpen = (open: boolean) => {
        rail?.classList.toggle("rail-open", open);
        menu?.setAttribute("aria-expanded", String(open));
    };
    menu?.addEventListener("click", () => setOpen(menu.getAttribute("aria-expanded") !== "true"));
    rail?.addEventListener("keydown", (event) => {
        if ((event as KeyboardEvent).key !== "Escape" || menu?.getAttribute("aria-expanded") !== "true") return;
        setOpen(false);
        menu.focus();
    });
    here.subscribe(({ path }) => {
        setOpen(false);
        rail?.querySelectorAll("a[href]").forEach((link) => {
            const to = link.getAttribute("href") ?? "";
            const is_within = to.endsWith("/") && path.startsWith(to); // "/models/3" is within "/models/"
            if (link.classList.contains("brand") || !(to === path || is_within)) link.removeAttribute("aria-current");
            else link.setAttribute("aria-current", to === path ? "page" : "true");
        });
    });
    const into = (id: string, part: preact.ComponentChild) => {
        const place = document.getElementById(id);
        if (place) render(part, place);
    };
    into("rail-status", <RailStatus />);
    into("rail-theme", <ThemeSwitch />);
}

const app = document.getElementById("app");
if (app && matchRoute(here.value.path)) {
    startRouter();
    startRail();
    startLive();
    app.replaceChildren();
    // One root for all, since ids (useId) are unique within a root only.
    render(
        <>
            <App />
            <Toasts />
            <Announcer />
            <Confirm />
        </>,
        app,
    );
}
