// The parts of the rail that change: how updates arrive, and the switch between light and dark.
import { live } from "../lib/live";
import { useStore } from "../lib/store";
import { setTheme, theme, type Theme } from "../lib/theme";
import { Icon, type IconName } from "./icons";

const connections = {
    live: { word: "Live", help: "Changes arrive as they happen" },
    connecting: { word: "Connecting", help: "The stream of changes is being opened" },
    polling: { word: "Polling", help: "The stream of changes is cut: the server is asked every few seconds" },
    paused: { word: "Paused", help: "Updates rest while this tab is hidden" },
};

export function RailStatus() {
    const connection = useStore(live.connection);
    const { word, help } = connections[connection];
    return (
        <p class={`rail-status rail-status-${connection}`} title={help}>
            <span class="rail-dot" aria-hidden="true" />
            {word}
        </p>
    );
}

const themes: { value: Theme; icon: IconName; label: string }[] = [
    { value: "system", icon: "screen", label: "As the system" },
    { value: "light", icon: "sun", label: "Light" },
    { value: "dark", icon: "moon", label: "Dark" },
];

export function ThemeSwitch() {
    const chosen = useStore(theme);
    return (
        <div class="theme-switch" role="radiogroup" aria-label="Colours">
            {themes.map(({ value, icon, label }) => (
                <label key={value} title={label}>
                    <input type="radio" name="theme" class="visually-hidden" checked={chosen === value} onChange={() => setTheme(value)} />
                    <Icon name={icon} />
                    <span class="visually-hidden">{label}</span>
                </label>
            ))}
        </div>
    );
}
