// What a User-Agent says, in a few words.

const BROWSERS: readonly (readonly [pattern: RegExp, name: string])[] = [
    [/\bEdg(?:e|A|iOS)?\/(\d+)/, "Edge"],
    [/\bOPR\/(\d+)/, "Opera"],
    [/\b(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
    [/\b(?:HeadlessChrome|Chrome|CriOS)\/(\d+)/, "Chrome"],
    [/\bVersion\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari\//, "Safari"],
    [/\bcurl\/(\d+)/, "curl"],
    [/\bpython[\w-]*\/(\d+)/i, "Python"],
];

const SYSTEMS: readonly (readonly [pattern: RegExp, name: string])[] = [
    [/\biPhone\b/, "iPhone"],
    [/\biPad\b/, "iPad"],
    [/\bAndroid\b/, "Android"],
    [/\bWindows\b/, "Windows"],
    [/\bMac OS X\b/, "macOS"],
    [/\bCrOS\b/, "ChromeOS"],
    [/\bLinux\b/, "Linux"],
];

/** "Firefox 140 on Linux"; what is not known is shown as it came, shortened. */
export function browserOf(agent: string | null): string {
    if (!agent) return "Unknown program";
    const browser = BROWSERS.find(([pattern]) => pattern.test(agent));
    const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1];
    if (!browser) return agent.length > 60 ? `${agent.slice(0, 59)}…` : agent;
    const name = `${browser[1]} ${browser[0].exec(agent)![1]}`;
    return system ? `${name} on ${system}` : name;
}
