// Who moved which alias when and why; and where each stood on a day.
import { Button, EmptyState, ErrorPanel, Field, Icon, type IconName, Skeleton, Time } from "../components";
import { useGet } from "../lib/hooks";
import type { Move, MovePage } from "../lib/registry";
import { navigate, useLocation, withQuery } from "../lib/router";
import { Section, useFlag } from "../pages/shared";
import { AliasChip } from "./parts";
import type { Paged } from "./use_paged";
import { VerdictWords } from "./verdict";
import { CHAMPION, moveWords } from "./words";

const ICONS: Record<Move["kind"], IconName> = { move: "up", undo: "undo", remove: "cross" };

export function historyPath(name: string): string {
    return `/api/v1/registry/${encodeURIComponent(name)}/history?limit=50`;
}

/** The day is held in the URL, so that the answer can be linked. */
function OnDay({ name }: { name: string }) {
    const here = useLocation();
    const day = here.query.get("on") ?? "";
    const found = useGet<MovePage>(day ? `${historyPath(name)}&at=${encodeURIComponent(day)}` : null);
    const then = Object.entries(found.data?.then ?? {}).filter(([, version]) => version != null);
    const rest = then.filter(([alias]) => alias !== CHAMPION);
    const champion = found.data?.then?.[CHAMPION];
    return (
        <div class="on-day">
            <Field label="Which version was champion on" hint="At the end of that day, UTC.">
                {(ties) => (
                    <input
                        {...ties}
                        type="date"
                        value={day}
                        onChange={(event) => navigate(withQuery(here, { on: event.currentTarget.value }), { replace: true, keep_scroll: true })}
                    />
                )}
            </Field>
            <div class="on-day-answer" aria-live="polite">
                {day && found.is_loading && <Skeleton lines={1} />}
                {day && found.error && <ErrorPanel error={found.error} retry={found.reload} />}
                {day && found.data && (
                    <>
                        <p class="on-day-words">{champion != null ? <>Version {champion}</> : "None"}</p>
                        {rest.length > 0 && <p class="none">{rest.map(([alias, version]) => `${alias}: version ${version}`).join(", ")}</p>}
                    </>
                )}
            </div>
        </div>
    );
}

function MoveRow({ move, now }: { move: Move; now: number }) {
    return (
        <li>
            <Icon name={ICONS[move.kind]} />
            <div class="rows-main">
                <span>
                    <AliasChip alias={move.alias} /> {moveWords(move)}
                    {move.overridden && <span class="overridden"> against the gate</span>}
                </span>
                {move.reason && <q class="move-reason">{move.reason}</q>}
                {move.verdict && <VerdictWords verdict={move.verdict} />}
            </div>
            <span class="rows-facts">
                <span>{move.by}</span>
                <Time at={move.at} now={now} />
            </span>
        </li>
    );
}

export function Moves({ name, moves, now }: { name: string; moves: Paged<Move>; now: number }) {
    const [busy, during] = useFlag();
    return (
        <Section title="History" class="moves">
            {moves.error && <ErrorPanel error={moves.error} retry={moves.reload} title="The history could not be loaded" />}
            {!moves.rows && !moves.error && <Skeleton lines={4} label="Loading the history" />}
            {moves.rows?.length === 0 && (
                <EmptyState icon="clock" title="No alias was moved yet">
                    <p>Promote a version: each move is kept here, with who, when and why.</p>
                </EmptyState>
            )}
            {moves.rows && moves.rows.length > 0 && (
                <>
                    <OnDay name={name} />
                    <ol class="rows">
                        {moves.rows.map((move) => (
                            <MoveRow key={move.move_id} move={move} now={now} />
                        ))}
                    </ol>
                </>
            )}
            {moves.next != null && (
                <Button busy={busy} onClick={() => void during(moves.more)}>
                    Show more
                </Button>
            )}
        </Section>
    );
}
