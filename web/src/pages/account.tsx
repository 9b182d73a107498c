import { PageTitle } from "../components";

export default function Page(_: { params: Record<string, string> }) {
    return <PageTitle>Account</PageTitle>;
}
