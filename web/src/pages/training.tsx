import { PageTitle } from "../components";

export default function Training(_: { params: Record<string, string> }) {
    return <PageTitle>Model Training</PageTitle>;
}
