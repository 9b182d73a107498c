// Where this account is logged in.
import { Button, confirm, ErrorPanel, Skeleton, Time, toast } from "../../components";
import { asApiError, send } from "../../lib/api";
import { useGet, useNow } from "../../lib/hooks";
import { Section, useFlag } from "../shared";
import { browserOf } from "./agent";

interface Session {
    session_id: number;
    agent: string | null;
    address: string | null;
    created_at: string;
    seen_at: string;
    expires_at: string;
    is_current: boolean;
}

export function Sessions() {
    const { data, error, reload } = useGet<{ sessions: Session[] }>("/api/v1/me/sessions");
    const [busy, during] = useFlag();
    const now = useNow(30_000);
    const sessions = [...(data?.sessions ?? [])].sort((a, b) => Number(b.is_current) - Number(a.is_current) || Date.parse(b.seen_at) - Date.parse(a.seen_at));
    const others = sessions.filter((session) => !session.is_current).length;
    const end = async (path: string, words: string) => {
        try {
            await send("DELETE", path);
            toast(words);
        } catch (reason) {
            toast(`The session could not be ended: ${asApiError(reason).message}`, { tone: "bad" });
        }
        reload();
    };
    const endOthers = async () => {
        const yes = await confirm({
            title: "End all other sessions?",
            text: "All other browsers have to log in again. API tokens stay as they are.",
            action: "End them",
            danger: true,
        });
        if (yes) await end("/api/v1/me/sessions", "All other sessions were ended");
    };
    const aside = others > 0 && (
        <Button size="small" busy={busy} onClick={() => void during(endOthers)}>
            End all others
        </Button>
    );
    return (
        <Section title="Sessions" class="card" aside={aside || undefined}>
            {error && <ErrorPanel error={error} retry={reload} />}
            {!data && !error && <Skeleton lines={3} />}
            <ul class="rows">
                {sessions.map((session) => (
                    <li key={session.session_id}>
                        <div class="rows-main">
                            <span class="rows-name" title={session.agent ?? undefined}>
                                {browserOf(session.agent)}
                                {session.is_current && <span class="here">this browser</span>}
                            </span>
                            <span class="rows-facts">
                                {session.address && <span>{session.address}</span>}
                                <span>
                                    since <Time at={session.created_at} now={now} />
                                </span>
                                <span>
                                    last seen <Time at={session.seen_at} now={now} />
                                </span>
                            </span>
                        </div>
                        {!session.is_current && (
                            <Button
                                size="small"
                                aria-label={`End the session of ${browserOf(session.agent)}`}
                                onClick={() => void end(`/api/v1/me/sessions/${session.session_id}`, "The session was ended")}
                            >
                                End
                            </Button>
                        )}
                    </li>
                ))}
            </ul>
        </Section>
    );
}
