// Who I am here: password, where I am logged in, and tokens for programs.
import { useEffect } from "preact/hooks";
import { PageTitle, Skeleton } from "../components";
import { setTitle } from "../lib/router";
import { PasswordForm } from "./account/password";
import { Sessions } from "./account/sessions";
import { Tokens } from "./account/tokens";
import { Section, useMe } from "./shared";

export default function Account() {
    useEffect(() => setTitle("Account"), []);
    const me = useMe();
    return (
        <div class="account">
            <PageTitle>Account</PageTitle>
            {me ? (
                <p class="account-who">
                    {me.email}
                    {me.is_admin && <span class="none">, administrator</span>}
                </p>
            ) : (
                <Skeleton lines={1} label="Loading who you are" />
            )}
            <Section title="Password" class="card">
                <PasswordForm email={me?.email ?? ""} />
            </Section>
            <Section title="API tokens" class="card">
                <Tokens />
            </Section>
            <Sessions />
        </div>
    );
}
