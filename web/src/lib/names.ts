// Names of models and aliases, as the server takes them.

/** What is wrong with a name, or null; the server checks again. */
export function nameFault(name: string): string | null {
    if (!name) return "Enter a name";
    if (/^[0-9]+$/.test(name)) return "A name needs a letter: digits alone would be a model's number";
    if (name.length > 63) return "At most 63 characters";
    if (!/^[a-z0-9]/.test(name)) return "Begin with a small letter or a digit";
    return /^[a-z0-9._-]+$/.test(name) ? null : "Small letters, digits, dot, dash and underscore";
}
