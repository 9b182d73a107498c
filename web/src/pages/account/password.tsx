// Changes the password.
import { useRef, useState } from "preact/hooks";
import { Button, Field, Note, toast } from "../../components";
import { type ApiError, asApiError, send } from "../../lib/api";
import { useFlag } from "../shared";

type Faults = Record<string, string>;

const EMPTY = { current_password: "", new_password: "", again: "" };
type Name = keyof typeof EMPTY;

function faultsOf(error: ApiError): Faults {
    return Object.fromEntries(error.errors.filter((one) => one.field in EMPTY).map((one) => [one.field, one.message]));
}

export function PasswordForm({ email }: { email: string }) {
    const [values, setValues] = useState(EMPTY);
    const [faults, setFaults] = useState<Faults>({});
    const [other, setOther] = useState<string | null>(null);
    const [busy, during] = useFlag();
    const form = useRef<HTMLFormElement>(null);

    const reject = (found: Faults) => {
        setFaults(found);
        const first = (Object.keys(EMPTY) as Name[]).find((name) => found[name]);
        form.current?.querySelector<HTMLInputElement>(`input[name=${first}]`)?.focus();
    };
    const save = async () => {
        setFaults({});
        setOther(null);
        if (values.new_password !== values.again) return reject({ again: "This is not the same as above." });
        const { current_password, new_password } = values;
        try {
            await send("PUT", "/api/v1/me/password", { current_password, new_password });
            setValues(EMPTY);
            toast("The password was changed");
        } catch (reason) {
            const error = asApiError(reason);
            const found = faultsOf(error);
            if (Object.keys(found).length > 0) reject(found);
            else setOther(error.detail || error.title);
        }
    };
    const input = (name: Name, label: string, complete: string, hint?: string) => (
        <Field label={label} hint={hint} error={faults[name]}>
            {(ties) => (
                <input
                    {...ties}
                    name={name}
                    type="password"
                    required
                    autocomplete={complete}
                    value={values[name]}
                    onInput={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
                />
            )}
        </Field>
    );
    return (
        <form
            ref={form}
            class="account-form"
            onSubmit={(event) => {
                event.preventDefault();
                void during(save);
            }}
        >
            <input type="text" name="username" autocomplete="username" value={email} hidden readOnly />
            {input("current_password", "Current password", "current-password")}
            {input("new_password", "New password", "new-password", "At least 8 characters; a long one of several words is best.")}
            {input("again", "New password again", "new-password")}
            {other && <Note tone="warn">{other}</Note>}
            <div>
                <Button kind="primary" type="submit" busy={busy}>
                    Change password
                </Button>
            </div>
        </form>
    );
}
