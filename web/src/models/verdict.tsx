// The verdict of a paired test, in words and as an interval beside zero.
import { Icon, type IconName } from "../components";
import type { Verdict } from "../lib/registry";
import { manualOf } from "../pages/shared";
import { capital, intervalScale, signedPoints, type Tone, verdictFacts, verdictTone } from "./words";

const ICONS: Record<Tone, IconName> = { good: "check", warn: "bar", bad: "cross", info: "info" };
const WIDTH = 200;

export function VerdictWords({ verdict }: { verdict: Verdict }) {
    const tone = verdictTone(verdict);
    return (
        <span class={`verdict-words verdict-${tone}`}>
            <Icon name={ICONS[tone]} />
            {capital(verdict.words)}
        </span>
    );
}

/** The 95 % interval of the difference: right of the line is better. */
function Interval({ low, high, difference, margin, tone }: { low: number; high: number; difference: number; margin: number; tone: Tone }) {
    const at = intervalScale(low, high, margin);
    const x = (value: number) => WIDTH * at(value);
    return (
        <figure class={`interval interval-${tone}`}>
            <svg viewBox={`0 0 ${WIDTH} 24`} preserveAspectRatio="none" aria-hidden="true">
                <line class="interval-axis" x1="0" x2={WIDTH} y1="12" y2="12" />
                <line class="interval-zero" x1={x(0)} x2={x(0)} y1="0" y2="24" />
                {margin > 0 && <line class="interval-margin" x1={x(margin)} x2={x(margin)} y1="2" y2="22" />}
                <rect class="interval-bar" x={x(low)} width={Math.max(1, x(high) - x(low))} y="8" height="8" />
                <rect class="interval-dot" x={x(difference) - 0.75} width="1.5" y="4" height="16" />
            </svg>
            <figcaption>
                <span class="interval-ends">
                    <span>worse</span>
                    <span>better</span>
                </span>
                <span class="num">
                    {signedPoints(difference)} points; 95 % interval {signedPoints(low)} to {signedPoints(high)}
                    {margin > 0 && `, margin ${signedPoints(margin)}`}
                </span>
            </figcaption>
        </figure>
    );
}

export function VerdictCard({ verdict, title }: { verdict: Verdict; title: string }) {
    const tone = verdictTone(verdict);
    const { low, high, difference } = verdict;
    return (
        <section class={`verdict card verdict-card-${tone}`} aria-label={title}>
            <div class="verdict-main">
                <h2 class="verdict-title">{title}</h2>
                <p class="verdict-big">
                    <VerdictWords verdict={verdict} />
                </p>
                <p class="verdict-facts num">{verdictFacts(verdict)}</p>
                {verdict.outcome === "not_comparable" && (
                    <p class="verdict-facts">
                        Only versions that were judged on the same users can be compared. <a href={manualOf("gate_refused")}>What to do</a>
                    </p>
                )}
            </div>
            {low != null && high != null && difference != null && <Interval {...{ low, high, difference, tone }} margin={verdict.margin} />}
        </section>
    );
}
