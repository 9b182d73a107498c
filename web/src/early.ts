// Runs before the first paint: the chosen theme (lib/theme.ts has the rest), and that scripts work.
document.documentElement.classList.add("js");
try {
    const theme = localStorage.getItem("rectrain.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
    // Storage may be switched off: the system's theme then.
}
