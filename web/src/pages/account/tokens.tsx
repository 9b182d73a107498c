// API tokens: for programs, shown once.
import { useState } from "preact/hooks";
import { Button, confirm, CopyButton, Dialog, ErrorPanel, Field, Skeleton, Time, toast } from "../../components";
import { asApiError, send } from "../../lib/api";
import { useGet, useNow } from "../../lib/hooks";
import { useFlag } from "../shared";

interface Token {
    token_id: number;
    name: string;
    scope: "read" | "write";
    created_at: string;
    seen_at: string | null;
    expires_at: string | null;
}

type NewToken = Token & { token: string };

const SCOPES = { read: "reads", write: "reads and writes" };
const LIFETIMES: readonly (readonly [days: string, words: string])[] = [
    ["30", "30 days"],
    ["90", "90 days"],
    ["365", "a year"],
    ["", "until revoked"],
];

export function Tokens() {
    const { data, error, reload } = useGet<{ tokens: Token[] }>("/api/v1/tokens");
    const [made, setMade] = useState<NewToken | null>(null);
    const now = useNow(30_000);
    return (
        <>
            <p class="none">
                For scripts and other programs: sent as <code>Authorization: Bearer rt_…</code>. See the <a href="/docs">API documentation</a>.
            </p>
            {error && <ErrorPanel error={error} retry={reload} />}
            {!data && !error && <Skeleton lines={2} />}
            {data?.tokens.length === 0 && <p class="account-none">No tokens yet.</p>}
            <ul class="rows">
                {data?.tokens.map((token) => (
                    <TokenRow key={token.token_id} token={token} now={now} reload={reload} />
                ))}
            </ul>
            <TokenForm
                onMade={(token) => {
                    setMade(token);
                    reload();
                }}
            />
            {made && <Once made={made} onClose={() => setMade(null)} />}
        </>
    );
}

function TokenRow({ token, now, reload }: { token: Token; now: number; reload: () => void }) {
    const [busy, during] = useFlag();
    const expired = token.expires_at !== null && Date.parse(token.expires_at) < now;
    const revoke = async () => {
        const yes = await confirm({
            title: `Revoke ${token.name}?`,
            text: "Programs that use it are turned away from now on.",
            action: "Revoke",
            danger: true,
        });
        if (!yes) return;
        try {
            await send("DELETE", `/api/v1/tokens/${token.token_id}`);
            toast(`${token.name} was revoked`);
        } catch (reason) {
            toast(`The token could not be revoked: ${asApiError(reason).message}`, { tone: "bad" });
        }
        reload();
    };
    return (
        <li>
            <div class="rows-main">
                <span class="rows-name">
                    {token.name}
                    {expired && <span class="here">expired</span>}
                </span>
                <span class="rows-facts">
                    <span>{SCOPES[token.scope]}</span>
                    <span>
                        made <Time at={token.created_at} now={now} />
                    </span>
                    <span>{token.seen_at ? <>last used <Time at={token.seen_at} now={now} /></> : "never used"}</span>
                    <span>{token.expires_at ? `valid until ${token.expires_at.slice(0, 10)}` : "does not expire"}</span>
                </span>
            </div>
            <Button size="small" busy={busy} aria-label={`Revoke ${token.name}`} onClick={() => void during(revoke)}>
                Revoke
            </Button>
        </li>
    );
}

function TokenForm({ onMade }: { onMade: (token: NewToken) => void }) {
    const [name, setName] = useState("");
    const [scope, setScope] = useState<"read" | "write">("read");
    const [days, setDays] = useState("90");
    const [fault, setFault] = useState<string | null>(null);
    const [busy, during] = useFlag();
    const create = async () => {
        setFault(null);
        try {
            const body = { name: name.trim(), scope, days: days ? Number(days) : null };
            onMade(await send<NewToken>("POST", "/api/v1/tokens", body));
            setName("");
        } catch (reason) {
            const error = asApiError(reason);
            setFault(error.errors[0]?.message || error.detail || error.title);
        }
    };
    return (
        <form
            class="token-form"
            onSubmit={(event) => {
                event.preventDefault();
                void during(create);
            }}
        >
            <Field label="Name" error={fault} class="token-name">
                {(ties) => (
                    <input
                        {...ties}
                        type="text"
                        required
                        maxLength={100}
                        autocomplete="off"
                        placeholder="nightly training"
                        value={name}
                        onInput={(event) => setName(event.currentTarget.value)}
                    />
                )}
            </Field>
            <Field label="May">
                {(ties) => (
                    <select {...ties} value={scope} onChange={(event) => setScope(event.currentTarget.value as "read" | "write")}>
                        <option value="read">read</option>
                        <option value="write">read and write</option>
                    </select>
                )}
            </Field>
            <Field label="Valid for">
                {(ties) => (
                    <select {...ties} value={days} onChange={(event) => setDays(event.currentTarget.value)}>
                        {LIFETIMES.map(([value, words]) => (
                            <option key={value} value={value}>
                                {words}
                            </option>
                        ))}
                    </select>
                )}
            </Field>
            <Button kind="primary" type="submit" busy={busy}>
                Create token
            </Button>
        </form>
    );
}

/** The token itself, which nobody can show again. */
function Once({ made, onClose }: { made: NewToken; onClose: () => void }) {
    return (
        <Dialog
            title={`Token ${made.name}`}
            onClose={onClose}
            actions={
                <Button kind="primary" onClick={onClose}>
                    I have kept it
                </Button>
            }
        >
            <p>Copy it now: it is shown this once, and only a hash of it is stored.</p>
            <div class="token-once">
                <code class="code-line">{made.token}</code>
                <CopyButton text={made.token} />
            </div>
        </Dialog>
    );
}
