/** 1 → "1st", 12 → "12th", 23 → "23rd". */
export function ordinal(value: number): string {
    const tail = value % 100;
    const ending = tail >= 11 && tail <= 13 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[value % 10] ?? "th");
    return value.toLocaleString("en-US") + ending;
}
